/** @file The pictures of a folder: one subfolder per class, at its top or below `train/`, `val/` (or `validation/`) and `test/`. */
import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

export type FolderPart = "train" | "validation" | "test";

/** A picture's file. */
export interface PictureFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly label: number;
  /** The split whose subfolder it is in; absent in a folder without such. */
  readonly part?: FolderPart;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** What a folder holds. */
export interface PictureFolder {
  /** Names of the class folders, in the order of their code units. */
  readonly classes: readonly string[];
  /** By path. */
  readonly files: readonly PictureFile[];
  /** Files below class folders that are neither JPEG nor PNG by name. */
  readonly ignored: number;
}

const EXTENSIONS: ReadonlySet<string> = new Set([".jpg", ".jpeg", ".png"]);
const PARTS: Readonly<Record<string, FolderPart>> = {
  train: "train",
  val: "validation",
  validation: "validation",
  test: "test",
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const isPicture = (name: string): boolean => EXTENSIONS.has(extname(name).toLowerCase());

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Entries but hidden ones, in order; links count as what they lead to. */
function entriesOf(folder: string): Entry[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith("."))
      .map((entry) => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink() ? statSync(join(folder, entry.name)).isDirectory() : entry.isDirectory(),
      }))
      .toSorted((a, b) => byCodeUnits(a.name, b.name));
  } catch (error) {
    throw new CellwrightError("data", expected(folder, "a folder that can be read", messageOf(error)), {
      cause: error,
    });
  }
}

const foldersOf = (folder: string): string[] =>
  entriesOf(folder).flatMap(({ name, isFolder }) => (isFolder ? [name] : []));

/**
 * Returns the folders of the splits by name, or undefined where the classes are at the top. A folder `train` that holds pictures is a class
 * (CIFAR-100 has one); one that holds folders is a split.
 */
export function partFolders(folder: string): ReadonlyMap<string, FolderPart> | undefined {
  const names = foldersOf(folder);
  if (!names.includes("train")) return undefined;
  const inTrain = entriesOf(join(folder, "train"));
  if (!inTrain.some(({ isFolder }) => isFolder) || inTrain.some(({ name }) => isPicture(name))) return undefined;
  const parts = new Map(
    names.flatMap((name) => (Object.hasOwn(PARTS, name) ? [[name, PARTS[name] as FolderPart]] : [])),
  );
  if (parts.has("val") && parts.has("validation"))
    throw new CellwrightError("data", expected(folder, "one folder of validation pictures", "both val and validation"));
  return parts;
}

/** Returns the names of a folder's classes. Throws `data` naming the folder where there are fewer than two. */
export function classFolders(folder: string): string[] {
  const isSplit = partFolders(folder) !== undefined;
  const place = isSplit ? join(folder, "train") : folder;
  const classes = foldersOf(place);
  if (classes.length < 2) {
    const what = "a subfolder of pictures for each of two classes or more";
    throw new CellwrightError("data", expected(place, what, classes.length === 0 ? "none" : classes));
  }
  return classes;
}

/** Links to folders inside of a class could lead in a circle, so real folders alone are followed. */
function* filesBelow(folder: string, below: string): Generator<string> {
  let entries;
  try {
    entries = readdirSync(join(folder, below), { withFileTypes: true });
  } catch (error) {
    throw new CellwrightError("data", expected(join(folder, below), "a folder that can be read", messageOf(error)), {
      cause: error,
    });
  }
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, path);
    else yield path;
  }
}

/** Lists every picture. Throws `data` naming a class without pictures, or a split's folder that is no class. */
export function listPictures(folder: string, classes: readonly string[]): PictureFolder {
  const labels = new Map(classes.map((name, label) => [name, label]));
  const parts = partFolders(folder);
  const files: PictureFile[] = [];
  const counts = classes.map(() => 0);
  let ignored = 0;
  for (const [top, part] of parts ?? new Map<string, undefined>([["", undefined]])) {
    const place = join(folder, top);
    for (const name of foldersOf(place)) {
      const label = labels.get(name);
      if (label === undefined)
        throw new CellwrightError(
          "data",
          expected(join(place, name), `a folder of one of the ${classes.length} classes`, name),
        );
      for (const path of filesBelow(folder, top === "" ? name : `${top}/${name}`)) {
        if (!isPicture(path)) {
          ignored++;
          continue;
        }
        // A link that leads nowhere is a picture that can't be read.
        const found = statSync(join(folder, path), { throwIfNoEntry: false });
        const facts = { sizeBytes: found?.size ?? 0, mtimeMs: found?.mtimeMs ?? 0 };
        files.push({ path, label, ...(part !== undefined && { part }), ...facts });
        if (part === undefined || part === "train") counts[label] = (counts[label] as number) + 1;
      }
    }
  }
  const empty = counts.findIndex((count) => count === 0);
  if (empty >= 0) {
    const place = join(folder, parts === undefined ? "" : "train", classes[empty] as string);
    throw new CellwrightError("data", expected(place, "JPEG or PNG pictures of the class", "none"));
  }
  return { classes, files: files.toSorted((a, b) => byCodeUnits(a.path, b.path)), ignored };
}
