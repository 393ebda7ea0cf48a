/**
 * @file Draws lines over the ones it drew before, without flicker: the cursor goes up, each line is overwritten and cleared to its end,
 * all in one write. Messages scroll away above.
 */
import type { OutStream } from "../io.ts";
import { visibleLength } from "../table.ts";

const ESC = "\u001B[";
const HIDE = `${ESC}?25l`;
const SHOW = `${ESC}?25h`;
/** Terminals that know synchronised output show a frame whole; the others ignore it. */
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

export interface Painter {
  /** Replaces the live lines. */
  paint(lines: readonly string[]): void;
  /** Prints a line that stays, above the live ones. */
  say(line: string): void;
  /** Leaves the live lines where they are and gives the cursor back. */
  done(): void;
  /** Wipes the live lines and gives the cursor back. */
  clear(): void;
}

/** Returns a painter for a terminal. `done` or `clear` must be called before the process ends. */
export function terminalPainter(out: OutStream): Painter {
  let shown: readonly string[] = [];
  /** After the window was made narrower the old lines fill more rows than they did. */
  const rowsShown = (): number =>
    shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / Math.max(1, out.columns))), 0);
  const up = (): string => {
    const rows = rowsShown();
    return rows === 0 ? "\r" : `\r${ESC}${rows}A`;
  };
  const body = (lines: readonly string[]): string => lines.map((line) => `${line}${ESC}K\n`).join("");
  return {
    paint(lines) {
      out.write(`${BEGIN}${HIDE}${up()}${body(lines)}${ESC}J${END}`);
      shown = lines;
    },
    say(line) {
      out.write(`${BEGIN}${HIDE}${up()}${line}${ESC}K\n${body(shown)}${ESC}J${END}`);
    },
    done() {
      shown = [];
      out.write(SHOW);
    },
    clear() {
      out.write(`${up()}${ESC}J${SHOW}`);
      shown = [];
    },
  };
}
