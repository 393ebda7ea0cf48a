/** @file Reads the splits of a CIFAR layout from its folder or its archive, file by file, keeping only the images that were asked for. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
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
import type { Found } from "./locate.ts";
import { splitByClass, type SplitOptions } from "./splits.ts";

interface Files {
  place(name: string): string;
  read(name: string): Promise<Uint8Array>;
  readSync(name: string): Uint8Array;
  /** Lets go of the training files' bytes. */
  release(): void;
}

/** Throws `data` unless every file of the layout is in the folder with its size. */
export function checkCifarFolder(folder: string, layout: CifarLayout): void {
  for (const name of [...layout.train, layout.test]) {
    const path = join(folder, name);
    checkCifarSize(layout, name, existsSync(path) ? statSync(path).size : undefined, path);
  }
}

function folderFiles(folder: string, layout: CifarLayout): Files {
  checkCifarFolder(folder, layout);
  const place = (name: string) => join(folder, name);
  return { place, read: (name) => readFile(place(name)), readSync: (name) => readFileSync(place(name)), release() {} };
}

async function archiveFiles(archive: string, layout: CifarLayout): Promise<Files> {
  const names = [...layout.train, layout.test];
  const files = await readArchive(archive, names);
  const place = (name: string) => `${archive}:${name}`;
  for (const name of names) checkCifarSize(layout, name, files.get(name)?.length, place(name));
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
