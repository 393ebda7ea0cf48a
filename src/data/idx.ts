/**
 * @file IDX files as MNIST's (http://yann.lecun.com/exdb/mnist): two zero bytes, a type byte (8: unsigned bytes), the number of
 * dimensions, each dimension as a big-endian 32-bit number, then the data. Gzip or not.
 */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { join } from "node:path";
import { z } from "zod";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { formatCount } from "../base/units.ts";
import type { DatasetDefinition, ImageSet, LoadOptions } from "./dataset.ts";
import { fashionArchive, fetchIdx, idxFiles, isIdxFolderWhole, mnistArchive, type IdxArchive } from "./idx-files.ts";
import { channelStatistics, checkImageSet, pickImages } from "./image-sets.ts";
import { dataRoots, findSpelling, locateData, readDataFile, type DataRoot } from "./locate.ts";
import { parseOptions, wholeNumber } from "./options.ts";
import { splitByClass } from "./splits.ts";

/** Returns dimensions and bytes of an IDX file. Throws `data` naming what was expected: magic, dimensions or length. */
export function decodeIdx(
  bytes: Uint8Array,
  dimensions: readonly number[],
  place: string,
): { readonly shape: readonly number[]; readonly data: Uint8Array } {
  const fail = (what: string, received: unknown): never => {
    throw new CellwrightError("data", expected(place, what, received));
  };
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8 || !dimensions.includes(rank)) {
    const hex = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    fail(
      `an IDX file that begins with ${dimensions.map((count) => `00 00 08 0${count}`).join(" or ")}`,
      bytes.length < 4 ? `${bytes.length} bytes` : hex,
    );
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) fail(`a header of ${header} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, d) => view.getUint32(4 + 4 * d));
  const wanted = header + shape.reduce((a, b) => a * b, 1);
  if (!Number.isSafeInteger(wanted)) fail("dimensions that a file can have", shape.join(" x "));
  if (bytes.length !== wanted)
    fail(`${formatCount(wanted)} bytes (${shape.join(" x ")})`, `${formatCount(bytes.length)} bytes`);
  return { shape, data: bytes.subarray(header) };
}

async function readIdx(path: string, dimensions: readonly number[]) {
  let bytes = await readDataFile(path);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = await promisify(gunzip)(bytes);
    } catch (error) {
      throw new CellwrightError("data", expected(path, "a whole gzip file", messageOf(error)), { cause: error });
    }
  }
  return decodeIdx(bytes, dimensions, path);
}

const schema = z.strictObject({
  name: z.string("a name").min(1, "a name").default("mnist"),
  folders: z.array(z.string("a folder name"), "a list of folder names").optional(),
  classes: z
    .array(z.string("a class name"), "a list of 2 to 256 class names")
    .min(2, "a list of 2 to 256 class names")
    .max(256, "a list of 2 to 256 class names")
    .default(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]),
  side: wholeNumber(1).default(28),
  train: wholeNumber(1).optional(),
  validation: wholeNumber(1).default(5_000),
  splitSeed: wholeNumber(0).default(0),
});

export interface IdxOptions {
  /** Default `mnist`. */
  readonly name?: string;
  /** Folders below a data root where its four files lie. Default: the name. */
  readonly folders?: readonly string[];
  /** Class names; their number is checked. Default 0 to 9. */
  readonly classes?: readonly string[];
  /** Height and width of the images. Default 28. */
  readonly side?: number;
  /** Training images, class-balanced as far as they go; absent: all that validation leaves. */
  readonly train?: number;
  /** Validation images, held out of the training files. Default 5,000. */
  readonly validation?: number;
  /** Draws the split. Default 0. */
  readonly splitSeed?: number;
}

/** A data set in MNIST's four files (`train-images-idx3-ubyte` … `t10k-labels-idx1-ubyte`, with or without `.gz`), found on disk. */
export function idx(options: IdxOptions = {}): DatasetDefinition {
  return idxDefinition(options, undefined);
}

/** Finds the folder of the four files, or fetches what it lacks where they are published. Throws `data` with what was looked for. */
async function findOrFetch(
  name: string,
  folders: readonly string[],
  archive: IdxArchive | undefined,
  { dir, onProgress, download = true }: LoadOptions,
): Promise<string> {
  const roots = dataRoots(dir);
  const here = locateData({ folders, files: Object.values(idxFiles) }, roots)?.path;
  if (here !== undefined && isIdxFolderWhole(here)) return here;
  let trouble = "";
  if (archive !== undefined && download) {
    const folder = here ?? join((roots[0] as DataRoot).path, folders[0] as string);
    try {
      await fetchIdx(archive, folder, onProgress);
      return folder;
    } catch (error) {
      trouble = ` Download: ${messageOf(error)}`;
    }
  }
  // What it lacks is named when it is read.
  if (here !== undefined && trouble === "") return here;
  const places = roots.map(({ path, from }) => `  ${path} (${from})`).join("\n");
  throw new CellwrightError(
    "data",
    `Expected the IDX files of ${name} in one of the data folders. Received: ${here === undefined ? "none" : "not all"} of them. Looked in\n${places}\n` +
      `and their subfolders ${folders.join(", ")}. Put ${idxFiles.trainImages[1]} and its three companions there, or name their folder with --data.${trouble}`,
    { details: { missing: true } },
  );
}

/** Makes the definition of a data set in four IDX files, published or not. */
export function idxDefinition(options: IdxOptions, archive: IdxArchive | undefined): DatasetDefinition {
  const parsed = parseOptions(schema, options, "data");
  const { name, side, classes } = parsed;
  return {
    name,
    options: parsed,
    inputShape: [side, side, 1],
    classes: classes.length,
    with: (changes) => idxDefinition({ ...parsed, ...changes } as IdxOptions, archive),
    async load(load) {
      const folder = await findOrFetch(name, parsed.folders ?? [name], archive, load);
      const file = (names: readonly string[]) => {
        const path = findSpelling(folder, names);
        if (path === undefined)
          throw new CellwrightError("data", expected(folder, `a file ${names.join(" or ")}`, "no such file"));
        return path;
      };
      const readSplit = async (imageNames: readonly string[], labelNames: readonly string[]): Promise<ImageSet> => {
        const path = file(imageNames);
        const labelPath = file(labelNames);
        const images = await readIdx(path, [3]);
        const labels = await readIdx(labelPath, [1]);
        const [size = 0, height = 0, width = 0] = images.shape;
        if (height !== side || width !== side)
          throw new CellwrightError("data", expected(path, `images of ${side} x ${side}`, `${height} x ${width}`));
        if (size < 1) throw new CellwrightError("data", expected(path, "at least one image", size));
        const set = { size, height, width, channels: 1, pixels: images.data, labels: labels.data, classes };
        // The images fit by now: what may be wrong is the labels.
        checkImageSet(set, labelPath);
        return set;
      };
      const official = await readSplit(idxFiles.trainImages, idxFiles.trainLabels);
      const split = splitByClass(official.labels, classes.length, parsed, name);
      const train = pickImages(official, split.train);
      return {
        name,
        source: folder,
        train,
        validation: pickImages(official, split.validation),
        test: await readSplit(idxFiles.testImages, idxFiles.testLabels),
        ...channelStatistics(train),
      };
    },
  };
}

/** MNIST: 28x28 grey images of 10 digits, 60,000 for training and validation, 10,000 for test. Found on disk, else downloaded. */
export function mnist(options: Omit<IdxOptions, "name" | "folders" | "classes" | "side"> = {}): DatasetDefinition {
  return idxDefinition({ ...options, name: "mnist" }, mnistArchive);
}

const FASHION = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** Fashion-MNIST (arXiv 1708.07747): 28x28 grey images of 10 kinds of clothing, as many as MNIST's. Found on disk, else downloaded. */
export function fashionMnist(
  options: Omit<IdxOptions, "name" | "folders" | "classes" | "side"> = {},
): DatasetDefinition {
  const folders = ["fashion-mnist", "fashionmnist", "fashion"];
  return idxDefinition({ ...options, name: "fashion-mnist", folders, classes: FASHION }, fashionArchive);
}
