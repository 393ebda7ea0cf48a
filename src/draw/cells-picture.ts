/** @file Cells put together to one picture: one alone, a pair side by side, or two genotypes with what sets them apart. */
import { cellPanel } from "./cell-picture.ts";
import { diffCells } from "./cell-diff.ts";
import type { CellStructure } from "./cell-structure.ts";
import { titleOf } from "./cell-text.ts";
import { framed, legend, titled } from "./frame.ts";
import { pictureSvg, type Picture } from "./picture.ts";

export interface DrawOptions {
  /** Default: the cell's name, or the names of the cells. */
  readonly title?: string;
  /** A line under the title. */
  readonly subtitle?: string;
}

/** Returns a cell as an SVG document. Equal cells give equal text. */
export function drawCellSvg(cell: CellStructure, options: DrawOptions = {}): string {
  return pictureSvg(cellPicture(cell, options));
}

/** Returns the picture of a cell. */
export function cellPicture(cell: CellStructure, options: DrawOptions = {}): Picture {
  return framed([[cellPanel(cell)]], { title: titleOf(cell), ...options });
}

/** Returns the picture of several cells side by side, such as a Normal and a Reduction cell. */
export function cellsPicture(cells: readonly CellStructure[], options: DrawOptions = {}): Picture {
  const panels = cells.map((cell) => titled(cellPanel(cell), titleOf(cell)));
  return framed([panels], { title: cells.map(titleOf).join(", "), ...options });
}

/** A genotype's cells, and how it is called. */
export interface NamedCells {
  readonly name: string;
  readonly cells: readonly CellStructure[];
}

/**
 * Returns the picture of two genotypes' cells with their difference: the first on the left, what only it has marked as removed; the second on the right, what
 * only it has marked as added; other operations and combiners marked in both. Cells of one name stand beside one another.
 */
export function differencePicture(before: NamedCells, after: NamedCells, options: DrawOptions = {}): Picture {
  const names = [...new Set([...before.cells, ...after.cells].map(({ name }) => name))];
  const rows = names.map((name) => {
    const [old, young] = [before, after].map(({ cells }) => cells.find((cell) => cell.name === name));
    const empty = (cell: CellStructure): CellStructure => ({ ...cell, blocks: [], outputs: [] });
    const { before: marks, after: youngMarks } = diffCells(
      old ?? empty(young as CellStructure),
      young ?? empty(old as CellStructure),
    );
    const title = titleOf({ name });
    return [
      ...(old === undefined ? [] : [titled(cellPanel(old, marks), `${before.name}: ${title}`)]),
      ...(young === undefined ? [] : [titled(cellPanel(young, youngMarks), `${after.name}: ${title}`)]),
    ];
  });
  return framed(
    rows,
    { title: `${before.name} and ${after.name}`, ...options },
    legend(before.name, after.name, "another operation or combiner"),
  );
}
