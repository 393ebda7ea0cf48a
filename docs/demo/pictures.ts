/**
 * @file The pictures: those of one official CIFAR-10 file (10,000 of them, 31 MB, which is all that a page needs), or the built-in drawn ones where
 * there is no such file. Runs in a browser and in Node alike.
 */
import { CellwrightError } from "../../src/base/errors.ts";
import { formatCount } from "../../src/base/units.ts";
import {
  cifar10Layout,
  CIFAR_SIDE,
  copyCifarImage,
  readCifarLabels,
  recordBytes,
} from "../../src/data/cifar-layout.ts";
import type { Dataset, ImageSet } from "../../src/data/dataset.ts";
import { channelStatistics, emptyImageSet, pickImages } from "../../src/data/image-sets.ts";
import { splitByClass } from "../../src/data/splits.ts";
import { synthetic } from "../../src/data/synthetic.ts";
import { readBatchOfArchive } from "./archive.ts";

/** Where the pictures come from. */
export type Source =
  | { readonly kind: "served"; readonly url: string }
  | { readonly kind: "file"; readonly file: File }
  | { readonly kind: "drawn" };

/** All pictures of a source, not yet split. */
export interface Pictures {
  readonly source: Source["kind"];
  /** For people: `data_batch_1.bin`. */
  readonly name: string;
  readonly images: ImageSet;
  /** How many of them are never trained on. */
  readonly heldOut: number;
}

/** The file that a server keeps beside the page. */
export const servedFile = "data/data_batch_1.bin";

/** Drawn ones take a tenth of a millisecond each. */
const DRAWN = 5_000;
const HELD_OUT = 1_000;

/** Fewer can't be split into something to learn from and something to test on. */
const FEWEST = 100;

const layout = cifar10Layout;

/** Reads the pictures of a source. Throws `data` with what was expected; `details.missing` where the server has no file. */
export async function readPictures(source: Source): Promise<Pictures> {
  if (source.kind === "drawn") return drawn();
  if (source.kind === "served") {
    const name = source.url.split("/").at(-1) ?? source.url;
    return { source: "served", ...fromCifarFile(await fetchFile(source.url), name) };
  }
  const { file } = source;
  if (!/\.(?:tar\.)?t?gz$/i.test(file.name))
    return { source: "file", ...fromCifarFile(new Uint8Array(await file.arrayBuffer()), file.name) };
  const { name, bytes } = await readBatchOfArchive(file.stream(), file.name);
  return { source: "file", ...fromCifarFile(bytes, `${file.name}: ${name}`) };
}

/** Splits pictures as every Cellwright data set is split: class-balanced; the held-out ones are the same for any number of training pictures. */
export function splitPictures({ images, heldOut, name }: Pictures, train: number): Dataset {
  const options = { train, validation: heldOut, splitSeed: 0 };
  const split = splitByClass(images.labels, images.classes.length, options, name);
  const training = pickImages(images, split.train);
  const validation = pickImages(images, split.validation);
  return { name, source: name, train: training, validation, test: validation, ...channelStatistics(training) };
}

/** Returns the indices of the first few pictures of every class, class by class. */
export function firstOfEach({ labels, classes }: ImageSet, count: number): number[] {
  return classes.flatMap((_, label) => {
    const indices: number[] = [];
    for (let i = labels.indexOf(label); i >= 0 && indices.length < count; i = labels.indexOf(label, i + 1))
      indices.push(i);
    return indices;
  });
}

async function fetchFile(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  // A server that answers everything with a page has no such file either.
  const isPage = response.headers.get("content-type")?.startsWith("text/html") === true;
  if (!response.ok || isPage) {
    const received = isPage ? "a web page" : `${response.status} ${response.statusText}`.trim();
    throw new CellwrightError("data", `${url}  Expected a file of CIFAR-10. Received: ${received}.`, {
      details: { missing: true },
    });
  }
  return new Uint8Array(await response.arrayBuffer());
}

function fromCifarFile(bytes: Uint8Array, name: string): Omit<Pictures, "source"> {
  const stride = recordBytes(layout);
  const size = bytes.length / stride;
  if (!Number.isInteger(size) || size < FEWEST)
    throw new CellwrightError(
      "data",
      `${name}  Expected a file of CIFAR-10's binary version: ${formatCount(stride)} bytes a picture, ${FEWEST} pictures or more. Received: ${formatCount(bytes.length)} bytes. Choose data_batch_1.bin, or the official ${layout.archive.name}.`,
    );
  const images = emptyImageSet(size, [CIFAR_SIDE, CIFAR_SIDE, 3], layout.classes);
  images.labels.set(readCifarLabels(layout, bytes, name));
  for (let record = 0; record < size; record++) copyCifarImage(layout, bytes, record, images.pixels, record);
  return { name, images, heldOut: Math.min(HELD_OUT, Math.floor(size / 5)) };
}

async function drawn(): Promise<Pictures> {
  const { train: images } = await synthetic({ train: DRAWN, validation: 10, test: 10 }).load({});
  return { source: "drawn", name: "drawn pictures", images, heldOut: HELD_OUT };
}
