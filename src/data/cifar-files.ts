/** @file Reads the splits of a CIFAR layout from its folder or its archive, file by file, keeping only the images that were asked for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readArchive } from "./archive.ts";
import {
  checkCifarSize,
  CIFAR_SIDE,
  copyCifarImage,
  readCifarLabels,
  recordBytes,
  type CifarLayout,
} from "./cifar-layout.ts";
import type { Dataset, ImageSet } from "./dataset.ts";
import { channelStatistics, emptyImageSet } from "./image-sets.ts";
import { fileSizeOf, readDataFile, type Found } from "./locate.ts";
import { splitByClass, type SplitOptions } from "./splits.ts";

interface Files {
  place(name: string): string;
  read(name: string): Promise<Uint8Array>;
  readSync(name: string): Uint8Array;
  /** Lets go of the training files' bytes. */
  release(): void;
}

/** Whether every file of the layout is in the folder, whatever is in it. */
export function isCifarFolderWhole(folder: string, layout: CifarLayout): boolean {
  return namesOf(layout).every((name) => fileSizeOf(join(folder, name)) !== undefined);
}

/** Throws `data` naming a file of the folder that is there with another size than the layout's. */
export function checkCifarFilesThere(folder: string, layout: CifarLayout): void {
  for (const name of namesOf(layout)) {
    const size = fileSizeOf(join(folder, name));
    if (size !== undefined) checkCifarSize(layout, name, size, join(folder, name));
  }
}

/** Throws `data` unless the folder or archive has every file of the layout with its size. Reads an archive to its end: over a second. */
export async function checkCifarFiles(found: Found, layout: CifarLayout): Promise<void> {
  if (found.kind === "folder") checkFolder(found.path, layout);
  else await readCifarArchive(found.path, layout, false);
}

/** Returns the layout's files in an archive by name, or none of their bytes unless they are to be kept. */
export async function readCifarArchive(
  archive: string,
  layout: CifarLayout,
  keep: boolean,
): Promise<Map<string, Uint8Array>> {
  const names = namesOf(layout);
  const check = (name: string, sizeBytes: number | undefined): void =>
    checkCifarSize(layout, name, sizeBytes, `${archive}:${name}`, archive);
  const seen = new Set<string>();
  const files = await readArchive(archive, (name, sizeBytes) => {
    if (!names.includes(name)) return false;
    check(name, sizeBytes);
    seen.add(name);
    return keep;
  });
  for (const name of names) if (!seen.has(name)) check(name, undefined);
  return files;
}

function namesOf(layout: CifarLayout): readonly string[] {
  return [...layout.train, layout.test];
}

function checkFolder(folder: string, layout: CifarLayout): void {
  for (const name of namesOf(layout)) checkCifarSize(layout, name, fileSizeOf(join(folder, name)), join(folder, name));
}

function folderFiles(folder: string, layout: CifarLayout): Files {
  checkFolder(folder, layout);
  const place = (name: string) => join(folder, name);
  return {
    place,
    read: (name) => readDataFile(place(name)),
    readSync: (name) => readFileSync(place(name)),
    release() {},
  };
}

async function archiveFiles(archive: string, layout: CifarLayout): Promise<Files> {
  const files = await readCifarArchive(archive, layout, true);
  const place = (name: string) => `${archive}:${name}`;
  const readSync = (name: string) => files.get(name) as Uint8Array;
  return {
    place,
    read: (name) => Promise.resolve(readSync(name)),
    readSync,
    release: () => layout.train.forEach((name) => files.delete(name)),
  };
}

const SHAPE = [CIFAR_SIDE, CIFAR_SIDE, 3] as const;

/** Returns a set for each split: the images at its indices (ascending, counted over all of `names`). */
async function readImages(
  files: Files,
  layout: CifarLayout,
  names: readonly string[],
  splits: readonly Uint32Array[],
  labels: Uint8Array,
): Promise<ImageSet[]> {
  const sets = splits.map((indices) => emptyImageSet(indices.length, SHAPE, layout.classes));
  const cursors = splits.map(() => 0);
  let first = 0;
  for (const name of names) {
    const bytes = await files.read(name);
    const count = layout.records[name] as number;
    splits.forEach((indices, s) => {
      const set = sets[s] as ImageSet;
      let cursor = cursors[s] as number;
      while (cursor < indices.length && (indices[cursor] as number) < first + count) {
        const index = indices[cursor] as number;
        copyCifarImage(layout, bytes, index - first, set.pixels, cursor);
        set.labels[cursor] = labels[index] as number;
        cursor++;
      }
      cursors[s] = cursor;
    });
    first += count;
  }
  return sets;
}

/** Reads all of one file. */
function readWhole(layout: CifarLayout, bytes: Uint8Array, place: string): ImageSet {
  const labels = readCifarLabels(layout, bytes, place);
  const set = emptyImageSet(bytes.length / recordBytes(layout), SHAPE, layout.classes);
  set.labels.set(labels);
  for (let record = 0; record < set.size; record++) copyCifarImage(layout, bytes, record, set.pixels, record);
  return set;
}

/** Reads the data set; the test split when it is first asked for. Throws `data` naming the file and what was expected. */
export async function readCifar(
  layout: CifarLayout,
  found: Found,
  options: SplitOptions,
  name: string,
): Promise<Dataset> {
  const files = found.kind === "folder" ? folderFiles(found.path, layout) : await archiveFiles(found.path, layout);
  const parts: Uint8Array[] = [];
  for (const name of layout.train) parts.push(readCifarLabels(layout, await files.read(name), files.place(name)));
  const labels = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    labels.set(part, offset);
    offset += part.length;
  }
  const split = splitByClass(labels, layout.classes.length, options, layout.title);
  const [train, validation] = (await readImages(
    files,
    layout,
    layout.train,
    [split.train, split.validation],
    labels,
  )) as [ImageSet, ImageSet];
  files.release();
  let test: ImageSet | undefined;
  return {
    name,
    source: found.path,
    train,
    validation,
    get test() {
      test ??= readWhole(layout, files.readSync(layout.test), files.place(layout.test));
      return test;
    },
    ...channelStatistics(train),
  };
}
