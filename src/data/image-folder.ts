/**
 * @file A data set of one's own pictures: a folder with a subfolder per class. They are decoded to one size, kept decoded beside them, and split
 * as their folders say or by a seed.
 */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { basename, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { hashJson } from "../base/hash.ts";
import { formatBytes, formatCount } from "../base/units.ts";
import type { Dataset, DatasetDefinition, ImageSet, LoadOptions } from "./dataset.ts";
import { classFolders, listPictures, type FolderPart, type PictureFile, type PictureFolder } from "./folder-files.ts";
import { channelStatistics, emptyImageSet, emptyLabels, MAX_CLASSES } from "./image-sets.ts";
import { dataRoots } from "./locate.ts";
import { oneOf, parseOptions, wholeNumber } from "./options.ts";
import { openStore, writeStore, type PictureStore, type StoreContent } from "./picture-store.ts";
import { decodePicture, type DecodedPicture, type PictureTarget } from "./pictures.ts";
import { splitInProportion } from "./splits.ts";

const classNames = `a list of 2 to ${MAX_CLASSES} class names`;
const schema = z.strictObject({
  folder: z.string("a folder").min(1, "a folder"),
  name: z.string("a name").min(1, "a name").optional(),
  classes: z.array(z.string("a class name"), classNames).min(2, classNames).max(MAX_CLASSES, classNames).optional(),
  height: wholeNumber(1, 4_096).default(32),
  width: wholeNumber(1, 4_096).default(32),
  colour: oneOf(["rgb", "grey"]).default("rgb"),
  resize: oneOf(["crop", "stretch"]).default("crop"),
  train: wholeNumber(1).optional(),
  validation: wholeNumber(1).optional(),
  test: wholeNumber(1).optional(),
  splitSeed: wholeNumber(0).default(0),
  broken: oneOf(["error", "skip"]).default("error"),
  cache: z.boolean("true or false").default(true),
});

export interface ImageFolderOptions {
  /** The folder: a path, or a name below a data root (`--data`, `$CELLWRIGHT_DATA`, `./data`). */
  readonly folder: string;
  /** Default: the folder's name. */
  readonly name?: string;
  /** Names of the class folders. Default: those that are there when the definition is made; to be given where only `--data` finds the folder. */
  readonly classes?: readonly string[];
  /** Height of the images. Default 32. */
  readonly height?: number;
  /** Width of the images. Default 32. */
  readonly width?: number;
  /** Three channels or one. Default `rgb`. */
  readonly colour?: "rgb" | "grey";
  /** `crop` scales the shorter side and cuts the longer one, centred; `stretch` bends. Default `crop`. */
  readonly resize?: "crop" | "stretch";
  /** Training images, in the classes' proportion; absent: all that the other splits leave. */
  readonly train?: number;
  /** Validation images, where no folder `val` says which. Default: a tenth of the training folder's. */
  readonly validation?: number;
  /** Test images, where neither `test` nor `val` is a folder. Default: a tenth. With a folder `val` and none for test, `val` serves as both. */
  readonly test?: number;
  /** Draws the splits. Default 0. */
  readonly splitSeed?: number;
  /** A picture that can't be decoded: an error that names it, or left out and counted. Default `error`. */
  readonly broken?: "error" | "skip";
  /** Whether decoded pictures are kept in the folder, as `.cellwright/…`. Default true. */
  readonly cache?: boolean;
}

type Options = z.infer<typeof schema>;

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Returns where the folder is. Throws `data` with the places where it was looked for. */
function findFolder(folder: string, dir: string | undefined): string {
  const below = isAbsolute(folder) ? [] : dataRoots(dir).map(({ path }) => join(path, folder));
  const places = [resolve(folder), ...below];
  const found = places.find(isFolder);
  if (found !== undefined) return found;
  const what = "a folder of pictures, with a subfolder for each class";
  throw new CellwrightError(
    "data",
    `${expected(folder, what, "no such folder")} Looked for\n  ${places.join("\n  ")}`,
    {
      details: { missing: true },
    },
  );
}

/** A folder of JPEG and PNG pictures, a subfolder per class. Throws `config`, and `data` where its classes are not given and it isn't found. */
export function imageFolder(options: ImageFolderOptions): DatasetDefinition {
  const parsed = parseOptions(schema, options, "data");
  const classes = parsed.classes ?? classFolders(findFolder(parsed.folder, undefined));
  if (new Set(classes).size !== classes.length)
    throw new CellwrightError("config", expected("data.classes", "class names that differ", classes));
  const name = parsed.name ?? basename(resolve(parsed.folder));
  // Where pictures are kept decoded changes none of them.
  const { cache: _, ...deciding } = parsed;
  const open = (load: LoadOptions) => openFolder(parsed, name, classes, load);
  return {
    name,
    options: { ...deciding, classes },
    inputShape: [parsed.height, parsed.width, parsed.colour === "grey" ? 1 : 3],
    classes: classes.length,
    with: (changes) => imageFolder({ ...parsed, ...changes } as ImageFolderOptions),
    async provide(load) {
      const { place, listed, store } = await open(load);
      const whole = listed.files.length - store.broken.size;
      return {
        source: place,
        ...(store.broken.size > 0 && { warning: brokenWarning(place, listed.files, store.broken, whole) }),
      };
    },
    async load(load) {
      return await loadSplits(parsed, name, await open(load), load);
    },
  };
}

interface OpenFolder {
  readonly place: string;
  readonly listed: PictureFolder;
  readonly content: StoreContent;
  readonly store: PictureStore;
  /** Decodes again, whatever is kept. */
  readonly renew: () => Promise<PictureStore>;
}

async function openFolder(
  options: Options,
  name: string,
  classes: readonly string[],
  { dir, onProgress }: LoadOptions,
): Promise<OpenFolder> {
  const place = findFolder(options.folder, dir);
  const listed = listPictures(place, classes);
  const { height, width, colour, resize } = options;
  const target: PictureTarget = { height, width, channels: colour === "grey" ? 1 : 3, resize };
  const pictureBytes = height * width * target.channels;
  const count = listed.files.length;
  const sizeBytes = count * pictureBytes;
  if (sizeBytes > totalmem()) {
    const what = `pictures that fit into the machine's memory of ${formatBytes(totalmem())}`;
    const received = `${formatCount(count)} of ${height} x ${width} x ${target.channels}: ${formatBytes(sizeBytes)}`;
    throw new CellwrightError("data", expected(place, what, received));
  }
  const files = listed.files.map(({ path, sizeBytes: size, mtimeMs }) => [path, size, mtimeMs]);
  const content = { key: hashJson({ target, files }), count, pictureBytes };
  const file = options.cache ? join(place, ".cellwright", `${hashJson({ target })}.pictures`) : undefined;
  const renew = async (): Promise<PictureStore> => {
    const left = listed.ignored > 0 ? ` (${formatCount(listed.ignored)} other files left out)` : "";
    onProgress?.(
      `${name}: decoding ${formatCount(count)} pictures to ${height} x ${width} x ${target.channels}${left}: ` +
        `${formatBytes(sizeBytes)} of memory${file === undefined ? "" : `, and as much on the disk below ${join(place, ".cellwright")}`}`,
    );
    const pictures = decodeAll(place, listed.files, target, options.broken, (done) =>
      onProgress?.(`${name}: decoded ${formatCount(done)} of ${formatCount(count)} pictures`),
    );
    return await writeStore(file, content, pictures, (reason) =>
      onProgress?.(`${name}: decoded pictures can't be kept, so the next start decodes them again: ${reason}`),
    );
  };
  const kept = file === undefined ? undefined : await openStore(file, content);
  const store = kept === undefined || (options.broken === "error" && kept.broken.size > 0) ? await renew() : kept;
  return { place, listed, content, store, renew };
}

/** How often progress is told. */
const TELL_MS = 1_000;

/** Decodes in order, as many at once as there are cores. Throws `data` naming a picture that is broken, unless such are to be skipped. */
async function* decodeAll(
  place: string,
  files: readonly PictureFile[],
  target: PictureTarget,
  onBroken: "error" | "skip",
  tell: (done: number) => void,
): AsyncGenerator<DecodedPicture> {
  const atOnce = Math.max(2, availableParallelism());
  let told = performance.now();
  for (let first = 0; first < files.length; first += atOnce) {
    const some = files.slice(first, first + atOnce);
    const decoded = await Promise.all(some.map(async ({ path }) => await decodeFile(join(place, path), target)));
    for (const [k, picture] of decoded.entries()) {
      if ("broken" in picture && onBroken === "error") {
        const what = 'a whole JPEG or PNG (broken: "skip" leaves such out)';
        throw new CellwrightError("data", expected(join(place, (some[k] as PictureFile).path), what, picture.broken));
      }
      yield picture;
    }
    if (performance.now() - told < TELL_MS) continue;
    told = performance.now();
    tell(first + some.length);
  }
}

async function decodeFile(file: string, target: PictureTarget): Promise<DecodedPicture> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return { broken: messageOf(error) };
  }
  return await decodePicture(bytes, target);
}

/** Broken pictures that a warning names. */
const NAMED = 3;

function brokenWarning(
  place: string,
  files: readonly PictureFile[],
  broken: ReadonlyMap<number, string>,
  whole: number,
): string {
  const named = [...broken].slice(0, NAMED).map(([index, reason]) => `  ${files[index]?.path}: ${reason}`);
  const more = broken.size > NAMED ? [`  and ${formatCount(broken.size - NAMED)} more`] : [];
  return [
    `WARNING: ${formatCount(broken.size)} pictures in ${place} can't be decoded and are left out; ${formatCount(whole)} are whole.`,
    ...named,
    ...more,
  ].join("\n");
}

/** Splits by the whole pictures' labels; what each split has is an index into them. */
function splitFiles(
  files: readonly PictureFile[],
  broken: ReadonlyMap<number, string>,
  classes: number,
  options: Options,
  place: string,
): Readonly<Record<FolderPart, readonly number[]>> {
  const whole = files.map((_, index) => index).filter((index) => !broken.has(index));
  const inPart = (part: FolderPart): number[] => whole.filter((index) => files[index]?.part === part);
  const given = { validation: inPart("validation"), test: inPart("test") };
  const pool = whole.filter((index) => (files[index]?.part ?? "train") === "train");
  const labels = emptyLabels(pool.length, classes);
  pool.forEach((index, k) => (labels[k] = (files[index] as PictureFile).label));
  const tenth = Math.max(1, Math.round(pool.length / 10));
  const hasValidation = given.validation.length > 0;
  const isTestDrawn = given.test.length === 0 && !hasValidation;
  const split = splitInProportion(
    labels,
    classes,
    {
      train: options.train,
      validation: hasValidation ? 0 : (options.validation ?? tenth),
      test: isTestDrawn ? (options.test ?? tenth) : 0,
      splitSeed: options.splitSeed,
    },
    place,
  );
  const drawn = (indices: Uint32Array): number[] => Array.from(indices, (k) => pool[k] as number);
  const validation = hasValidation ? given.validation : drawn(split.validation);
  const test = isTestDrawn ? drawn(split.test) : given.test.length > 0 ? given.test : validation;
  return { train: drawn(split.train), validation, test };
}

async function loadSplits(
  options: Options,
  name: string,
  { place, listed, store, renew }: OpenFolder,
  { onProgress }: LoadOptions,
): Promise<Dataset> {
  const { classes, files } = listed;
  const shape = [options.height, options.width, options.colour === "grey" ? 1 : 3] as const;
  const fill = async (from: PictureStore): Promise<Record<FolderPart, ImageSet> | undefined> => {
    const split = splitFiles(files, from.broken, classes.length, options, place);
    const places = new Map<number, { readonly set: ImageSet; readonly at: number }>();
    const setOf = (indices: readonly number[]): ImageSet => {
      const set = emptyImageSet(indices.length, shape, classes);
      indices.forEach((index, at) => {
        set.labels[at] = (files[index] as PictureFile).label;
        places.set(index, { set, at });
      });
      return set;
    };
    const [train, validation] = [setOf(split.train), setOf(split.validation)];
    const test = split.test === split.validation ? validation : setOf(split.test);
    const isWhole = await from.read((index, pixels) => {
      const to = places.get(index);
      to?.set.pixels.set(pixels, to.at * pixels.length);
    });
    return isWhole ? { train, validation, test } : undefined;
  };
  // What is kept may have rotted: decoded again, it can't have.
  const sets = (await fill(store)) ?? (await fill(await renew()));
  if (sets === undefined)
    throw new CellwrightError("storage", expected(place, "decoded pictures that can be read back", "others"));
  if (store.broken.size > 0) onProgress?.(brokenWarning(place, files, store.broken, files.length - store.broken.size));
  return { name, source: place, ...sets, ...channelStatistics(sets.train) };
}
