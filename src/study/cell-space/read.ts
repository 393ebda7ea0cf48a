/** @file Reads a cell space from a JSON or YAML file. A problem is reported with its file, line and column, and its path. */
import { readFile } from "node:fs/promises";
import { CellwrightError, expected, messageOf } from "../../base/errors.ts";
import type { Network } from "../../network/index.ts";
import type { NasnetSkeleton } from "../../../search-spaces/index.ts";
import type { Space } from "../../space/index.ts";
import { cellSpace } from "./define.ts";

/** Returns whether a path is that of a file without code, by its ending. */
export function isDataFile(path: string): boolean {
  return /\.(json|ya?ml)$/i.test(path);
}

/** Returns the space that a file says. Throws `config` where it can't be read, `space` with every problem in it. */
export async function readCellSpace(file: string): Promise<Space<NasnetSkeleton, Network>> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file" : messageOf(error);
    throw new CellwrightError("config", expected(file, "a cell space in JSON or YAML", why), { cause: error });
  });
  return await parseCellSpace(text, file);
}

/** Returns the space that a text says. `file` is how it is called in errors; one that ends in `.json` has to be JSON. */
export async function parseCellSpace(text: string, file: string): Promise<Space<NasnetSkeleton, Network>> {
  // YAML 1.2 contains JSON, so one parser gives lines and columns for both.
  const { isNode, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const wrong = document.errors.map((error) => `${at(error.pos[0])}  Expected YAML. Received: ${error.message}.`);
  if (wrong.length > 0) throw new CellwrightError("space", wrong.join("\n"));
  if (file.toLowerCase().endsWith(".json")) checkJson(text, file);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    throw new CellwrightError("space", expected(file, "YAML", messageOf(error)), { cause: error });
  }
  const placeOf = (path: readonly PropertyKey[]): string => {
    // A key that is missing has no place of its own: the object that lacks it has.
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return `${at(node.range[0])}: `;
    }
    return `${file}: `;
  };
  try {
    return cellSpace(value, placeOf);
  } catch (error) {
    // What the schema found has its place already; what the space's own checks found has its path.
    if (!(error instanceof CellwrightError) || error.message.startsWith(file)) throw error;
    throw new CellwrightError(error.code, `${file}: ${error.message}`, { details: error.details, cause: error });
  }
}

function checkJson(text: string, file: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new CellwrightError("space", expected(file, "JSON", messageOf(error)), { cause: error });
  }
}
