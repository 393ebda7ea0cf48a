/** @file Opening a study by name for a command, and closing it whatever happens. */
import { access, constants, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CellwrightError, messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { openStudy, type OpenOptions } from "../study/open.ts";
import type { Study } from "../study/study.ts";

/** Opens a study to look at, also while it runs, hands it to `use`, closes it. `name` may be the path of its folder. */
export async function withStudy<T>(name: string, resultsDir: string, use: (study: Study) => Promise<T>): Promise<T> {
  return await withOpened({ mode: "read", ...(await place(name, resultsDir)) }, use);
}

/** Opens a study to go on with. */
export async function withResumed<T>(
  name: string,
  resultsDir: string,
  more: Pick<OpenOptions, "overrides" | "dataDir"> & { readonly logger?: Logger },
  use: (study: Study) => Promise<T>,
): Promise<T> {
  return await withOpened({ mode: "resume", ...(await place(name, resultsDir)), ...more }, use);
}

/** Opens as told, hands the study to `use`, closes it. */
export async function withOpened<T>(options: OpenOptions, use: (study: Study) => Promise<T>): Promise<T> {
  const study = await openStudy(options);
  try {
    return await use(study);
  } finally {
    await study.close();
  }
}

/** Returns the names of the studies in a folder, the latest changed first. */
export async function studyNames(resultsDir: string): Promise<readonly string[]> {
  return await foldersWith("study.db", resultsDir);
}

/** Looks at every study of a folder, the latest changed first. One that can't be read hides none of the others. */
export async function eachStudy<T>(
  resultsDir: string,
  use: (study: Study) => Promise<T>,
): Promise<{ readonly all: readonly T[]; readonly broken: readonly unknown[] }> {
  const all: T[] = [];
  const broken: unknown[] = [];
  for (const name of await studyNames(resultsDir))
    await withStudy(name, resultsDir, use).then(
      (result) => all.push(result),
      (error: unknown) => broken.push(error),
    );
  return { all, broken };
}

/** Returns the names of the folders that hold a file of this name, the latest changed first. */
export async function foldersWith(file: string, resultsDir: string): Promise<readonly string[]> {
  const entries = await readdir(resultsDir, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async (entry) => ({
        name: entry.name,
        changed: await stat(join(resultsDir, entry.name, file)).then(
          ({ mtimeMs }) => mtimeMs,
          () => undefined,
        ),
      })),
  );
  return found
    .filter((folder): folder is { name: string; changed: number } => folder.changed !== undefined)
    .toSorted((a, b) => b.changed - a.changed)
    .map(({ name }) => name);
}

/** Looks whether a folder can be made and written to, without making it. Throws `config` naming what is in the way. */
export async function checkResultsDir(resultsDir: string): Promise<void> {
  for (let dir = resolve(resultsDir); ; dir = dirname(dir)) {
    const found = await stat(dir).catch(() => undefined);
    if (found === undefined && dir !== dirname(dir)) continue;
    const problem = found?.isDirectory()
      ? await access(dir, constants.W_OK).then(
          () => undefined,
          (error: unknown) => messageOf(error),
        )
      : `${dir}, which is a file`;
    if (problem === undefined) return;
    throw new CellwrightError("config", `--results  Expected a folder that can be written to. Received: ${problem}.`);
  }
}

/** A study is named by its folder's name; the path of the folder will do too (`results/mine/`, as a shell completes it). */
async function place(name: string, resultsDir: string): Promise<{ name: string; resultsDir: string }> {
  const path = resolve(name);
  if (await isStudy(join(resolve(resultsDir), name))) return { name, resultsDir };
  if (await isStudy(path)) return { name: basename(path), resultsDir: join(path, "..") };
  const names = await studyNames(resultsDir);
  const known = names.length === 0 ? `there is none in ${resultsDir}` : `there are ${names.slice(0, 8).join(", ")}`;
  const shown = name === "" ? '""' : name;
  throw new CellwrightError("config", `${shown}  Expected the name of a study: ${known}. Received: no such study.`);
}

async function isStudy(dir: string): Promise<boolean> {
  return await stat(join(dir, "study.db")).then(
    (file) => file.isFile(),
    () => false,
  );
}
