/** @file A cell as text: one line for a table, some lines for the terminal. */
import { stateName, type CellStructure } from "./cell-structure.ts";
import { operationStyle } from "./operation-style.ts";

/** Returns one line: `sep5(h)+sep3(h-1) · sep5(h-1)+identity(h)`. */
export function cellLine(cell: CellStructure): string {
  return cell.blocks
    .map(({ steps, combiner }) => {
      const join = combiner === "concat" ? "‖" : "+";
      const terms = steps.map(({ input, operation }) => `${operation}(${stateName(cell, input)})`);
      return terms.length === 0 ? "0" : terms.join(join);
    })
    .join(" · ");
}

/** Sets an operation's label off, by its name in the space: in colour, where a terminal has some. What it adds has no width. */
export type PaintLabel = (label: string, operation: string) => string;

/** Returns the cell over several lines, one per block, columns aligned. `title` stands above. */
export function cellText(
  cell: CellStructure,
  options: { readonly title?: string; readonly paint?: PaintLabel } = {},
): string {
  const { title = titleOf(cell), paint } = options;
  return [title, ...cellRows(cell, paint).map((row) => `  ${row}`)].join("\n");
}

/** Returns a line for each block, and one for the output. */
export function cellRows(cell: CellStructure, paint: PaintLabel = (label) => label): readonly string[] {
  const terms = cell.blocks.map(({ steps }) =>
    steps.map(({ input, operation }) => {
      const { label } = operationStyle(operation);
      const rest = `(${stateName(cell, input)})`;
      return { text: `${paint(label, operation)}${rest}`, length: label.length + rest.length };
    }),
  );
  const columns = Math.max(...terms.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...terms.map((row) => (column + 1 < row.length ? (row[column]?.length ?? 0) : 0))),
  );
  const rows = cell.blocks.map(({ combiner }, b) => {
    const join = combiner === "concat" ? " concat " : " + ";
    const row = (terms[b] ?? [])
      .map(({ text, length }, column) => text + " ".repeat(Math.max(0, (widths[column] ?? 0) - length)))
      .join(join);
    return `${stateName(cell, cell.inputs + b)} = ${row === "" ? "0" : row}`.trimEnd();
  });
  const ends = cell.outputs.map((state) => stateName(cell, state));
  return [...rows, `out = ${ends.length === 1 ? ends[0] : `concat(${ends.join(", ")})`}`];
}

/** `normal` gives `Normal cell`, `cell` gives `Cell`. */
export function titleOf({ name }: Pick<CellStructure, "name">): string {
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return name === "cell" ? title : `${title} cell`;
}
