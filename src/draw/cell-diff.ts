/** @file What is different between two cells, block by block: what only one of them has, and where an operation or a combiner is another. */
import { cellRows, titleOf } from "./cell-text.ts";
import type { CellStructure } from "./cell-structure.ts";

/** `added` is in the second cell alone, `removed` in the first; `changed` is in both, but another operation or combiner. */
export type Mark = "added" | "removed" | "changed";

/** The marked parts of one of the two cells. Steps go by `<block>.<step>`, outputs by their state. */
export interface CellMarks {
  readonly operations: ReadonlyMap<string, Mark>;
  /** Of the lines that lead to an operation. */
  readonly edges: ReadonlyMap<string, Mark>;
  readonly combiners: ReadonlyMap<number, Mark>;
  readonly outputs: ReadonlyMap<number, Mark>;
}

export interface CellDifference {
  readonly before: CellMarks;
  readonly after: CellMarks;
  /** Marked parts, the same part of both cells once. */
  readonly count: number;
}

/** Returns what sets two cells apart. Blocks are compared by their place: block 2 of the one with block 2 of the other. */
export function diffCells(before: CellStructure, after: CellStructure): CellDifference {
  const [old, young] = [marksOf(before, after, "removed"), marksOf(after, before, "added")];
  // A line whose operation is marked as a whole, new or gone, is no difference of its own; nor is what both have.
  const own = (marks: CellMarks): readonly string[] => [
    ...[...marks.operations].map(([key, mark]) => `operation ${key} ${mark}`),
    ...[...marks.edges].flatMap(([key]) => (isWhole(marks.operations.get(key)) ? [] : [`edge ${key}`])),
    ...[...marks.combiners.keys()].map((block) => `combiner ${block}`),
    ...[...marks.outputs].map(([state, mark]) => `output ${state} ${mark}`),
  ];
  return { before: old, after: young, count: new Set([...own(old), ...own(young)]).size };
}

function isWhole(mark: Mark | undefined): boolean {
  return mark === "added" || mark === "removed";
}

/** Returns the marks of `cell` as it stands beside `other`; `alone` marks what `other` lacks. */
function marksOf(cell: CellStructure, other: CellStructure, alone: "added" | "removed"): CellMarks {
  const operations = new Map<string, Mark>();
  const edges = new Map<string, Mark>();
  const combiners = new Map<number, Mark>();
  for (const [b, block] of cell.blocks.entries()) {
    const opposite = other.blocks[b];
    for (const [s, { input, operation }] of block.steps.entries()) {
      const key = `${b}.${s}`;
      const counterpart = opposite?.steps[s];
      if (counterpart === undefined) operations.set(key, alone);
      else if (counterpart.operation !== operation) operations.set(key, "changed");
      if (counterpart?.input !== input) edges.set(key, alone);
    }
    if (opposite !== undefined && opposite.combiner !== block.combiner) combiners.set(b, "changed");
  }
  const outputs = new Map(
    cell.outputs.filter((state) => !other.outputs.includes(state)).map((state) => [state, alone] as const),
  );
  return { operations, edges, combiners, outputs };
}

/** Returns both cells in lines, as `diff` writes them: `-` only in the first, `+` only in the second, both else. */
export function diffText(before: CellStructure, after: CellStructure): string {
  const [old, young] = [cellRows(before), cellRows(after)];
  const [oldEnd, youngEnd] = [old.at(-1) ?? "", young.at(-1) ?? ""];
  const rows = Array.from({ length: Math.max(old.length, young.length) - 1 }, (_, b) =>
    pair(old.length - 1 > b ? old[b] : undefined, young.length - 1 > b ? young[b] : undefined),
  );
  return [titleOf(after), ...rows.flat(), ...pair(oldEnd, youngEnd)].join("\n");
}

function pair(old: string | undefined, young: string | undefined): readonly string[] {
  // Columns are aligned within a cell: what is only set otherwise is the same.
  const bare = (row: string | undefined): string | undefined => row?.replaceAll(/\s+/g, " ");
  if (bare(old) === bare(young)) return young === undefined ? [] : [`  ${young}`];
  return [...(old === undefined ? [] : [`- ${old}`]), ...(young === undefined ? [] : [`+ ${young}`])];
}
