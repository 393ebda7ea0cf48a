/** @file A network by its stages as text, from the image down to the classes. */
import { formatMacs, formatSi } from "../base/units.ts";
import type { Network } from "../network/index.ts";
import { operationsText, stageName, stagesOf, type Stage } from "./network-stages.ts";

/** Returns the network over several lines, one for each stage. */
export function networkText(network: Network): string {
  return [network.name, ...stageRows(stagesOf(network)).map((line) => `  ${line}`)].join("\n");
}

/** Returns a line for each stage: name, output, size, operations, and what it reads where that is not the stage above alone. */
export function stageRows(stages: readonly Stage[]): readonly string[] {
  const names = stages.map(stageName);
  const rows = stages.map((stage, place) => {
    const { names: alike, shape, params, macs, reads } = stage;
    const isPlain = reads.length === 0 || (reads.length === 1 && reads[0] === place - 1);
    return [
      names[place] ?? "",
      alike.length === 1 ? "" : `×${alike.length}`,
      shape.join("×"),
      params === 0 ? "" : `${formatSi(params)} params`,
      macs === 0 ? "" : formatMacs(macs),
      operationsText(stage),
      isPlain ? "" : `reads ${reads.map((from) => names[from]).join(", ")}`,
    ];
  });
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  const numbers = new Set([3, 4]);
  return rows.map((row) =>
    row
      .map((cell, column) =>
        numbers.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
