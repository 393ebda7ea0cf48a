/** @file Files and folders appear whole or not at all: written under a temporary name beside their place, then renamed. */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CellwrightError, messageOf } from "../base/errors.ts";

let counter = 0;

function temporaryName(path: string): string {
  return `${path}.tmp-${process.pid}-${counter++}`;
}

/** Writes one file; makes its folder. Throws `storage` naming it; what was there before stays. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

/** Writes a folder of files (relative paths), replacing what is there. Throws `storage` naming it; nothing half-written stays. */
export async function writeFolder(path: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  const old = temporaryName(target);
  try {
    for (const [name, data] of files) {
      const file = join(temporary, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, data);
    }
    // A folder cannot be replaced in one step: the old one is moved aside first, and back if the second step fails.
    const hadOld = await rename(target, old).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return false;
        throw error;
      },
    );
    try {
      await mkdir(dirname(target), { recursive: true });
      await rename(temporary, target);
    } catch (error) {
      if (hadOld) await rename(old, target);
      throw error;
    }
    if (hadOld) await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

/**
 * Writes files (relative paths) into a folder that may hold others, which stay; those of the same names are replaced. All are written beside it before the first
 * is put in its place, so a full disk leaves everything as it was. Throws `storage` naming the folder.
 */
export async function writeIntoFolder(path: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  try {
    for (const [name, data] of files) {
      const file = join(temporary, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, data);
    }
    // A new folder appears in one step.
    const isNew = await rename(temporary, target).then(
      () => true,
      () => false,
    );
    if (isNew) return;
    for (const name of files.keys()) {
      await mkdir(dirname(join(target, name)), { recursive: true });
      await rename(join(temporary, name), join(target, name));
    }
    await rm(temporary, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

/** Removes what a process that was killed left half written in a folder. Only for who knows that no other process writes there. */
export async function removeHalfWritten(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names)
    if (/\.tmp-\d+-\d+$/.test(name)) await rm(join(dir, name), { recursive: true, force: true });
}

function cannotWrite(path: string, error: unknown): CellwrightError {
  return new CellwrightError("storage", `${path}  Expected a place to write to. Received: ${messageOf(error)}.`, {
    cause: error,
  });
}
