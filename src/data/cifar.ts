/** @file CIFAR-10 and CIFAR-100 as data set definitions: found on disk, else downloaded, else an error that says what to do. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CellwrightError, messageOf } from "../base/errors.ts";
import { formatCount } from "../base/units.ts";
import {
  checkCifarFiles,
  checkCifarFilesThere,
  isCifarFolderWhole,
  readCifar,
  readCifarArchive,
} from "./cifar-files.ts";
import {
  cifar100CoarseLayout,
  cifar100FineLayout,
  cifar10Layout,
  CIFAR_SIDE,
  type CifarLayout,
} from "./cifar-layout.ts";
import type { DatasetDefinition, LoadOptions } from "./dataset.ts";
import { download } from "./download.ts";
import { dataRoots, fileSizeOf, locateData, type DataRoot, type DataSignature, type Found } from "./locate.ts";
import { oneOf, parseOptions, wholeNumber } from "./options.ts";
import { SYNTHETIC_CLASSES } from "./synthetic-drawing.ts";
import { synthetic } from "./synthetic.ts";

const splitShape = {
  train: wholeNumber(1).optional(),
  validation: wholeNumber(1).default(5_000),
  splitSeed: wholeNumber(0).default(0),
  fallback: oneOf(["synthetic"]).optional(),
};
const cifar10Schema = z.strictObject(splitShape, "an object of options");
const cifar100Schema = z.strictObject({ ...splitShape, labels: oneOf(["fine", "coarse"]).default("fine") });

export interface Cifar10Options {
  /** Training images, class-balanced; absent: all of the 50,000 that validation leaves. */
  readonly train?: number;
  /** Validation images, held out of the official training images. Default 5,000 (NASNet, appendix A). */
  readonly validation?: number;
  /** Draws the split. Default 0. */
  readonly splitSeed?: number;
  /** Takes the built-in synthetic set, saying so, where the files are not there and cannot be downloaded. Default: an error. */
  readonly fallback?: "synthetic";
}

export interface Cifar100Options extends Cifar10Options {
  /** 100 classes, or the 20 superclasses. Default `fine`. */
  readonly labels?: "fine" | "coarse";
}

/** CIFAR-10: 32x32 colour images of 10 classes, 50,000 for training and validation, 10,000 for test. */
export function cifar10(options: Cifar10Options = {}): DatasetDefinition {
  const parsed = parseOptions(cifar10Schema, options, "data");
  return {
    ...cifarDefinition("cifar10", cifar10Layout, parsed),
    with: (changes) => cifar10({ ...parsed, ...changes } as Cifar10Options),
  };
}

/** CIFAR-100: 32x32 colour images of 100 classes (or 20 superclasses). */
export function cifar100(options: Cifar100Options = {}): DatasetDefinition {
  const parsed = parseOptions(cifar100Schema, options, "data");
  return {
    ...cifarDefinition("cifar100", parsed.labels === "fine" ? cifar100FineLayout : cifar100CoarseLayout, parsed),
    with: (changes) => cifar100({ ...parsed, ...changes } as Cifar100Options),
  };
}

/** Returns what identifies a layout's files on disk. */
export function cifarSignature(layout: CifarLayout): DataSignature {
  return {
    folders: layout.folders,
    files: [...layout.train, layout.test].map((name) => [name]),
    archive: layout.archive.name,
  };
}

/** Downloads the archive and unpacks it into `folder`; files that are there stay as they are. Returns where it lies. */
export async function fetchCifar(
  layout: CifarLayout,
  folder: string,
  onProgress: ((message: string) => void) | undefined,
): Promise<Found> {
  await download({
    url: layout.archive.url,
    md5: layout.archive.md5,
    part: join(dirname(folder), `${layout.archive.name}.part`),
    isDone: () => isCifarFolderWhole(folder, layout),
    onProgress,
    async unpack(archive) {
      const temporary = `${folder}.part`;
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary);
      const files = await readCifarArchive(archive, layout, true);
      for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes);
      await mkdir(folder, { recursive: true });
      for (const name of files.keys())
        if (fileSizeOf(join(folder, name)) === undefined) await rename(join(temporary, name), join(folder, name));
      await rm(temporary, { recursive: true });
    },
  });
  return { kind: "folder", path: folder };
}

interface SplitAndFallback {
  readonly train?: number | undefined;
  readonly validation: number;
  readonly splitSeed: number;
  readonly fallback?: "synthetic" | undefined;
}

/** Where a data set is, or why it is not to be had. */
type Search = { readonly found: Found } | { readonly missing: string };

async function findOrFetch(layout: CifarLayout, { dir, onProgress, download = true }: LoadOptions): Promise<Search> {
  const roots = dataRoots(dir);
  const here = locateData(cifarSignature(layout), roots);
  if (here !== undefined && (here.kind === "archive" || isCifarFolderWhole(here.path, layout))) return { found: here };
  // Not after 170 MB of the others: a file that is wrong is the user's to take away.
  if (here !== undefined) checkCifarFilesThere(here.path, layout);
  let trouble = "it was not tried";
  if (download) {
    try {
      const folder = here?.path ?? join((roots[0] as DataRoot).path, layout.folders[0] as string);
      return { found: await fetchCifar(layout, folder, onProgress) };
    } catch (error) {
      trouble = messageOf(error);
    }
  }
  // A folder that lacks a file is no reason to take other images.
  if (here !== undefined) await checkCifarFiles(here, layout).catch((error: unknown) => withFate(error, trouble));
  const places = roots.map(({ path, from }) => `  ${path} (${from})`);
  return { missing: missing(layout, places, trouble) };
}

/** Throws the complaint about a file together with what became of fetching it. */
function withFate(error: unknown, trouble: string): never {
  throw new CellwrightError("data", `${messageOf(error)} Download: ${trouble}`, { cause: error });
}

/** Makes the definition of any layout. */
export function cifarDefinition(name: string, layout: CifarLayout, options: SplitAndFallback): DatasetDefinition {
  const classes = layout.classes.length;
  const search = async (loadOptions: LoadOptions): Promise<Search> => {
    const result = await findOrFetch(layout, loadOptions);
    if ("missing" in result && (options.fallback !== "synthetic" || classes !== SYNTHETIC_CLASSES.length))
      throw new CellwrightError("data", result.missing, { details: { missing: true } });
    return result;
  };
  return {
    name,
    options: { ...options },
    inputShape: [CIFAR_SIDE, CIFAR_SIDE, 3],
    classes,
    async load(loadOptions) {
      const result = await search(loadOptions);
      if ("found" in result) return readCifar(layout, result.found, options, name);
      loadOptions.onProgress?.(fallbackWarning(layout, result.missing));
      const { splitSeed: seed, validation, train = 10_000 } = options;
      return Object.assign(await synthetic({ train, validation, seed }).load({}), { source: FALLBACK_SOURCE });
    },
    async provide(loadOptions) {
      const result = await search(loadOptions);
      if ("missing" in result)
        return {
          source: FALLBACK_SOURCE,
          warning: fallbackWarning(layout, result.missing),
          substitute: `synthetic images, ${layout.title} not found`,
        };
      await checkCifarFiles(result.found, layout);
      return { source: result.found.path };
    },
  };
}

const FALLBACK_SOURCE = "synthetic (CIFAR-10 not found)";

function fallbackWarning(layout: CifarLayout, reason: string): string {
  return (
    `WARNING: ${layout.title} is not here and could not be downloaded, so this runs on the built-in SYNTHETIC images: ` +
    `its accuracies say nothing about ${layout.title}.\n${reason}`
  );
}

function missing(layout: CifarLayout, places: readonly string[], trouble: string): string {
  const bytes = Object.values(layout.records).reduce((a, b) => a + b, 0);
  return [
    `Expected ${layout.title} (${formatCount(bytes)} images) in one of the data folders. Received: none of its files. Looked in`,
    ...places,
    `and their subfolders ${layout.folders.join(", ")}. Download: ${trouble}`,
    `Put ${layout.archive.name} (from ${layout.archive.url}) or its .bin files there, or name their folder with --data.`,
  ].join("\n");
}
