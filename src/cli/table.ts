/** @file Tables for the terminal: columns padded by what is seen, cut at the width of the window. */
import { stripVTControlCharacters } from "node:util";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Returns how many cells a text fills. Our own texts hold no wide characters. */
export function visibleLength(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** Returns a text cut to a width, an ellipsis last. A text with colour codes loses them where it is cut. */
export function truncate(text: string, width: number): string {
  if (visibleLength(text) <= width) return text;
  if (width <= 0) return "";
  return `${Array.from(stripVTControlCharacters(text))
    .slice(0, width - 1)
    .join("")}…`;
}

/** Returns the lines of a table. The last column may be cut to fit `width`; the others never are. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width?: number; readonly dim?: (text: string) => string } = {},
): string[] {
  const { width = Infinity, dim = (text) => text } = options;
  const widths = columns.map(({ title }, index) =>
    Math.max(visibleLength(title), ...rows.map((row) => visibleLength(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string => {
    let used = 0;
    const parts = columns.map(({ align = "left" }, index) => {
      const isLast = index === columns.length - 1;
      const cell = isLast ? truncate(cells[index] ?? "", Math.max(12, width - used)) : (cells[index] ?? "");
      const pad = " ".repeat(Math.max(0, (widths[index] ?? 0) - visibleLength(cell)));
      used += (widths[index] ?? 0) + 2;
      if (align === "right") return pad + cell;
      return isLast ? cell : cell + pad;
    });
    return parts.join("  ").trimEnd();
  };
  return [dim(line(columns.map(({ title }) => title))), ...rows.map(line)];
}
