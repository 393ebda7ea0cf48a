/** @file CIFAR-10 and CIFAR-100 as data set definitions: found on disk, else downloaded, else an error that says what to do. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CellwrightError, messageOf } from "../base/errors.ts";
import { formatCount } from "../base/units.ts";
import { readArchive } from "./archive.ts";
import { readCifar } from "./cifar-files.ts";
import {
  cifar100CoarseLayout,
  cifar100FineLayout,
  cifar10Layout,
  CIFAR_SIDE,
  type CifarLayout,
} from "./cifar-layout.ts";
import type { DatasetDefinition } from "./dataset.ts";
import { download } from "./download.ts";
import { dataRoots, locateData, type DataRoot, type DataSignature, type Found } from "./locate.ts";
import { oneOf, parseOptions, wholeNumber } from "./options.ts";
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
  return cifarDefinition("cifar10", cifar10Layout, parseOptions(cifar10Schema, options, "data"));
}

/** CIFAR-100: 32x32 colour images of 100 classes (or 20 superclasses). */
export function cifar100(options: Cifar100Options = {}): DatasetDefinition {
  const parsed = parseOptions(cifar100Schema, options, "data");
  return cifarDefinition("cifar100", parsed.labels === "fine" ? cifar100FineLayout : cifar100CoarseLayout, parsed);
}

/** Returns what identifies a layout's files on disk. */
export function cifarSignature(layout: CifarLayout): DataSignature {
  return {
    folders: layout.folders,
    files: [...layout.train, layout.test].map((name) => [name]),
    archive: layout.archive.name,
  };
}

/** Downloads the archive into `root` and unpacks it there. Returns where it lies. */
export async function fetchCifar(
  layout: CifarLayout,
  root: string,
  onProgress: ((message: string) => void) | undefined,
): Promise<Found> {
  const archive = join(root, layout.archive.name);
  await download({ url: layout.archive.url, md5: layout.archive.md5, file: archive, onProgress });
  const folder = join(root, layout.folders[0] as string);
  const temporary = `${folder}.${process.pid}.part`;
  onProgress?.(`unpacking ${archive}`);
  const files = await readArchive(archive, [...layout.train, layout.test]);
  await mkdir(temporary, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes);
  // Another process may have come first; its folder is as good.
  await rename(temporary, folder).catch(() => rm(temporary, { recursive: true, force: true }));
  await rm(archive, { force: true });
  return { kind: "folder", path: folder };
}

interface SplitAndFallback {
  readonly train?: number | undefined;
  readonly validation: number;
  readonly splitSeed: number;
  readonly fallback?: "synthetic" | undefined;
}

/** Makes the definition of any layout. */
export function cifarDefinition(name: string, layout: CifarLayout, options: SplitAndFallback): DatasetDefinition {
  const classes = layout.classes.length;
  return {
    name,
    options: { ...options },
    inputShape: [CIFAR_SIDE, CIFAR_SIDE, 3],
    classes,
    async load({ dir, onProgress, download: mayDownload = true }) {
      const roots = dataRoots(dir);
      let found = locateData(cifarSignature(layout), roots);
      let trouble = "it was not tried";
      if (found === undefined && mayDownload) {
        try {
          found = await fetchCifar(layout, (roots[0] as DataRoot).path, onProgress);
        } catch (error) {
          trouble = messageOf(error);
        }
      }
      if (found !== undefined) return readCifar(layout, found, options, name);
      const message = missing(
        layout,
        roots.map(({ path, from }) => `  ${path} (${from})`),
        trouble,
      );
      if (options.fallback !== "synthetic" || classes !== 10) throw new CellwrightError("data", message);
      onProgress?.(
        `WARNING: ${layout.title} is not here and could not be downloaded, so this runs on the built-in SYNTHETIC images: ` +
          `accuracies say nothing about ${layout.title}. ${message}`,
      );
      const { splitSeed: seed, validation, train = 10_000 } = options;
      return { ...(await synthetic({ train, validation, seed }).load({})), source: "synthetic (CIFAR-10 not found)" };
    },
  };
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
