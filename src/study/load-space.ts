/** @file Finds a space by its file: a module that exports one, or a cell space in JSON or YAML. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CellwrightError, expected } from "../base/errors.ts";
import type { AnySpace } from "../space/space.ts";
import { isDataFile, readCellSpace } from "./cell-space/read.ts";
import { importModule } from "./import-module.ts";

/** Returns whether a value is a space, as `defineSpace` makes them. */
export function isSpace(value: unknown): value is AnySpace {
  if (typeof value !== "object" || value === null) return false;
  const { decode, sample, decisions } = value as Record<string, unknown>;
  return typeof decode === "function" && typeof sample === "function" && Array.isArray(decisions);
}

/** Returns whether a text can be the path of a space's file, by its ending. */
export function isSpaceFile(path: string): boolean {
  return isDataFile(path) || /\.[cm]?[jt]s$/.test(path);
}

/**
 * Returns the space of a file, relative to the working directory: that of a JSON or YAML file, or a module's default export, or the only
 * space among its exports. Throws `config` or `space` naming the file and the place in it.
 */
export async function loadSpace(path: string): Promise<AnySpace> {
  const file = resolve(path);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile())
    throw new CellwrightError("config", expected(path, "a file with a space (.ts, .js, .yaml, .json)", "no such file"));
  if (isDataFile(file)) return await readCellSpace(file);
  const exported = await importModule(file);
  if (isSpace(exported["default"])) return exported["default"];
  const spaces = Object.values(exported).filter(isSpace);
  const [only] = spaces;
  if (only !== undefined && spaces.length === 1) return only;
  const names = Object.keys(exported).filter((name) => isSpace(exported[name]));
  throw new CellwrightError(
    "config",
    expected(
      path,
      "a space as the default export (export default defineSpace({ … }))",
      names.length > 1 ? `several: ${names.join(", ")}` : Object.keys(exported).join(", ") || undefined,
    ),
  );
}

/** Returns a study of a file with the space that it names by a path, seen from the file, in place of the path. Throws as `loadSpace` does. */
export async function withOwnSpace(study: object, file: string): Promise<object> {
  const { space } = study as { readonly space?: unknown };
  return typeof space === "string" ? { ...study, space: await loadSpace(resolve(dirname(file), space)) } : study;
}
