/** @file A cell as text: one line for a table, some lines for the terminal. */
import { stateName, type CellStructure } from "./cell-structure.ts";
import { operationStyle } from "./operation-style.ts";

/** Returns one line: `sep5(h)+sep3(h-1) · sep5(h-1)+identity(h)`. */
export function cellLine(cell: CellStructure): string {
  return cell.blocks
    .map(({ left, right, combiner }) => {
      const join = combiner === "concat" ? "‖" : "+";
      return `${left.operation}(${stateName(cell, left.input)})${join}${right.operation}(${stateName(cell, right.input)})`;
    })
    .join(" · ");
}

/** Returns the cell over several lines, one per block, columns aligned. `title` stands above. */
export function cellText(cell: CellStructure, title = titleOf(cell)): string {
  const step = (input: number, operation: string): string =>
    `${operationStyle(operation).label}(${stateName(cell, input)})`;
  const lefts = cell.blocks.map(({ left }) => step(left.input, left.operation));
  const width = Math.max(...lefts.map((text) => text.length));
  const rows = cell.blocks.map(({ right, combiner }, b) => {
    const join = combiner === "concat" ? "concat" : "+";
    return `  b${b} = ${(lefts[b] ?? "").padEnd(width)} ${join} ${step(right.input, right.operation)}`;
  });
  const ends = cell.outputs.map((state) => stateName(cell, state));
  return [title, ...rows, `  out = ${ends.length === 1 ? ends[0] : `concat(${ends.join(", ")})`}`].join("\n");
}

/** `normal` gives `Normal cell`. */
export function titleOf(cell: CellStructure): string {
  return `${cell.name.charAt(0).toUpperCase()}${cell.name.slice(1)} cell`;
}
