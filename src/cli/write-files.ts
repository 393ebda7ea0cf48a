/** @file Files and folders that are either whole or not there: written under a temporary name, then renamed. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CellwrightError, messageOf } from "../base/errors.ts";

/** Writes a file; makes its folder. Throws `storage` naming it. */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.part`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new CellwrightError("storage", `${file}  Expected a place to write to. Received: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Replaces a folder by one with exactly these files. Throws `storage` naming it; the old one is then still there. */
export async function writeFolder(dir: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  const fresh = `${dir}.${process.pid}.part`;
  const old = `${dir}.${process.pid}.old`;
  try {
    await rm(fresh, { recursive: true, force: true });
    for (const [path, content] of files) {
      await mkdir(dirname(join(fresh, path)), { recursive: true });
      await writeFile(join(fresh, path), content);
    }
    await rename(dir, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(fresh, dir);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    throw new CellwrightError("storage", `${dir}  Expected a place to write to. Received: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
