/** @file Tables for the terminal: columns padded by what is seen, cut at the width of the window. */
import { stripVTControlCharacters } from "node:util";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Of the last column: left out where the window is too narrow for any of it. */
  readonly optional?: boolean;
}

/** Least that is shown of a last column which is cut. */
const MIN_LAST_WIDTH = 12;

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

/** Returns a text as lines of at most `width`, broken between words; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || visibleLength(last) + 1 + visibleLength(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Returns the lines of a table. The last column may be cut to fit `width`, or left out if it is optional; the others never are. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width?: number; readonly dim?: (text: string) => string } = {},
): string[] {
  const { width = Infinity, dim = (text) => text } = options;
  const widths = columns.map(({ title }, index) =>
    Math.max(visibleLength(title), ...rows.map((row) => visibleLength(row[index] ?? ""))),
  );
  const room = width - widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const shown = columns.at(-1)?.optional === true && room < MIN_LAST_WIDTH ? columns.slice(0, -1) : columns;
  const line = (cells: readonly string[]): string => {
    const parts = shown.map(({ align = "left" }, index) => {
      const isLast = index === columns.length - 1;
      const cell = isLast ? truncate(cells[index] ?? "", Math.max(MIN_LAST_WIDTH, room)) : (cells[index] ?? "");
      const pad = " ".repeat(Math.max(0, (widths[index] ?? 0) - visibleLength(cell)));
      if (align === "right") return pad + cell;
      return isLast ? cell : cell + pad;
    });
    return parts.join("  ").trimEnd();
  };
  return [dim(line(columns.map(({ title }) => title))), ...rows.map((row) => line(row))];
}
