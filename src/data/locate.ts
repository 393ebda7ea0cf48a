/** @file Where data sets are looked for: `--data`, `$CELLWRIGHT_DATA`, `./data`, `../shared/data`, and the usual folders below them. */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

/** A folder that is searched, with the reason it is on the list. */
export interface DataRoot {
  readonly path: string;
  readonly from: string;
}

/** Returns the folders to search, in order. */
export function dataRoots(dir?: string): DataRoot[] {
  const fromEnvironment = process.env["CELLWRIGHT_DATA"];
  return [
    ...(dir === undefined ? [] : [{ path: resolve(dir), from: "--data" }]),
    ...(fromEnvironment === undefined || fromEnvironment === ""
      ? []
      : [{ path: resolve(fromEnvironment), from: "$CELLWRIGHT_DATA" }]),
    { path: resolve("data"), from: "./data" },
    { path: resolve("../shared/data"), from: "../shared/data" },
  ];
}

/** What identifies a data set on disk. */
export interface DataSignature {
  /** Folder names below a root where its files may lie. */
  readonly folders: readonly string[];
  /** File names, each with the spellings it may have (such as with `.gz`). */
  readonly files: readonly (readonly string[])[];
  /** Name of the official archive, if it comes as one. */
  readonly archive?: string;
}

/** A data set found: a folder with its files, or its archive. */
export type Found =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "archive"; readonly path: string };

/** Returns the size of a file, or undefined if there is none to be seen under that name (a folder is none). */
export function fileSizeOf(path: string): number | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a file. Throws `data` naming it if the system does not let it. */
export async function readDataFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CellwrightError("data", expected(path, "a file that can be read", messageOf(error)), { cause: error });
  }
}

function isFile(path: string): boolean {
  return fileSizeOf(path) !== undefined;
}

/** Returns the path of a file of `folder` under any of its spellings. */
export function findSpelling(folder: string, spellings: readonly string[]): string | undefined {
  return spellings.map((name) => join(folder, name)).find(isFile);
}

/**
 * Returns where the data set lies, or undefined. A folder of the data set's own name counts when any of its files is there (what
 * is missing is then named when it is read); a root itself counts only when all are.
 */
export function locateData(signature: DataSignature, roots: readonly DataRoot[]): Found | undefined {
  const { archive } = signature;
  for (const { path: root } of roots) {
    if (archive !== undefined && basename(root) === archive && isFile(root)) return { kind: "archive", path: root };
    const present = (folder: string) =>
      signature.files.filter((spellings) => findSpelling(folder, spellings) !== undefined).length;
    if (signature.folders.includes(basename(root)) ? present(root) > 0 : present(root) === signature.files.length)
      return { kind: "folder", path: root };
    const nested = signature.folders.flatMap((a) => [a, ...signature.folders.map((b) => join(a, b))]);
    for (const folder of nested)
      if (present(join(root, folder)) > 0) return { kind: "folder", path: join(root, folder) };
    if (archive !== undefined) {
      for (const folder of ["", ...signature.folders]) {
        const path = join(root, folder, archive);
        if (isFile(path)) return { kind: "archive", path };
      }
    }
  }
  return undefined;
}
