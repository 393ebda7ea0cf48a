/** @file Cells put together to one picture: one alone, a pair side by side, or two genotypes with what sets them apart. */
import { markStyles, cellPanel, type Panel } from "./cell-picture.ts";
import { diffCells } from "./cell-diff.ts";
import type { CellStructure } from "./cell-structure.ts";
import { titleOf } from "./cell-text.ts";
import { faintInk, ink, label, pictureSvg, type Picture, type Shape } from "./picture.ts";

export interface DrawOptions {
  /** Default: the cell's name, or the names of the cells. */
  readonly title?: string;
  /** A line under the title. */
  readonly subtitle?: string;
}

const TITLE_HEIGHT = 36;
const SUBTITLE_HEIGHT = 20;
const PANEL_TITLE_HEIGHT = 26;
/** Between two panels. */
const GAP = 12;

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
  return framed(rows, { title: `${before.name} and ${after.name}`, ...options }, legend(before.name, after.name));
}

/** A panel with its own title above it. */
function titled({ width, height, shapes }: Panel, title: string): Panel {
  const wide = Math.max(width, title.length * 9 + 24);
  return {
    width: wide,
    height: height + PANEL_TITLE_HEIGHT,
    shapes: [
      label({ x: wide / 2, y: PANEL_TITLE_HEIGHT / 2 + 4 }, title, { size: 16, bold: true }),
      { kind: "group", x: (wide - width) / 2, y: PANEL_TITLE_HEIGHT, shapes },
    ],
  };
}

/** What the marks mean. */
function legend(before: string, after: string): Panel {
  const entries = [
    { mark: "removed", text: `only in ${before}` },
    { mark: "added", text: `only in ${after}` },
    { mark: "changed", text: "another operation or combiner" },
  ] as const;
  const shapes: Shape[] = [];
  let x = 20;
  for (const { mark, text } of entries) {
    const { colour, sign, dash } = markStyles[mark];
    const at = { x: x + 12, y: 20 };
    shapes.push(
      { kind: "circle", ...at, radius: 10, fill: colour, stroke: "#ffffff", width: 1.5 },
      label(at, sign, { fill: "#ffffff", bold: true }),
      { kind: "path", d: `M${x + 28} 20h34`, fill: "none", stroke: colour, width: 4, ...(dash && { dash }) },
      { kind: "text", x: x + 70, y: 25, text, size: 14.5, anchor: "start", fill: ink },
    );
    x += 70 + text.length * 8 + 28;
  }
  return { width: x, height: 40, shapes };
}

/** Panels in rows below a title, on one ground. */
function framed(
  rows: readonly (readonly Panel[])[],
  { title, subtitle }: { readonly title: string; readonly subtitle?: string },
  foot?: Panel,
): Picture {
  const head = TITLE_HEIGHT + (subtitle === undefined ? 0 : SUBTITLE_HEIGHT);
  const rowWidth = (row: readonly Panel[]): number =>
    row.reduce((sum, panel) => sum + panel.width, 0) + GAP * (row.length - 1);
  const width = Math.ceil(
    Math.max(...rows.map(rowWidth), foot?.width ?? 0, 8.2 * Math.max(title.length * 1.25, subtitle?.length ?? 0) + 48),
  );
  const shapes: Shape[] = [
    { kind: "text", x: width / 2, y: 30, text: title, size: 20, anchor: "middle", fill: ink, bold: true },
  ];
  if (subtitle !== undefined)
    shapes.push({ kind: "text", x: width / 2, y: 52, text: subtitle, size: 14.5, anchor: "middle", fill: faintInk });
  let y = head;
  for (const row of rows) {
    const high = Math.max(...row.map(({ height }) => height));
    let x = (width - rowWidth(row)) / 2;
    for (const panel of row) {
      // The inputs of all stand on one line.
      shapes.push({ kind: "group", x, y: y + high - panel.height, shapes: panel.shapes });
      x += panel.width + GAP;
    }
    y += high;
  }
  if (foot !== undefined) {
    shapes.push({ kind: "group", x: (width - foot.width) / 2, y, shapes: foot.shapes });
    y += foot.height;
  }
  return { width, height: Math.ceil(y), title, shapes };
}
