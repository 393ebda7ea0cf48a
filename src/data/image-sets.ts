/** @file What holds for every split: its lengths, its labels, its statistics. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { ImageSet, Labels } from "./dataset.ts";

/** Throws `data` if the arrays of a split do not fit its sizes, or a label is no class. `place` names it: `my-data train`. */
export function checkImageSet(set: ImageSet, place: string): void {
  const fail = (what: string, received: unknown) => {
    throw new CellwrightError("data", expected(place, what, received));
  };
  const perImage = set.height * set.width * set.channels;
  if (!Number.isInteger(set.size) || set.size < 1) fail("at least one image", set.size);
  if (!Number.isInteger(perImage) || perImage < 1)
    fail("whole height, width and channels of 1 or more", [set.height, set.width, set.channels]);
  if (set.pixels.length !== set.size * perImage)
    fail(
      `${set.size} x ${set.height} x ${set.width} x ${set.channels} = ${set.size * perImage} pixel values`,
      set.pixels.length,
    );
  if (set.labels.length !== set.size) fail(`${set.size} labels`, set.labels.length);
  const wrong = set.labels.findIndex((label) => label >= set.classes.length);
  if (wrong >= 0) fail(`labels below ${set.classes.length}`, `${set.labels[wrong]} at image ${wrong}`);
}

/** Returns per-channel mean and standard deviation on the scale 0 to 1, exact up to rounding (from histograms of the bytes). */
export function channelStatistics(set: ImageSet): { readonly mean: number[]; readonly std: number[] } {
  const { channels, pixels } = set;
  const histogram = new Float64Array(256 * channels);
  for (let i = 0; i < pixels.length; i += channels) {
    for (let c = 0; c < channels; c++) {
      const bin = c * 256 + (pixels[i + c] as number);
      histogram[bin] = (histogram[bin] as number) + 1;
    }
  }
  const count = pixels.length / channels;
  const mean: number[] = [];
  const std: number[] = [];
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let v = 0; v < 256; v++) sum += v * (histogram[c * 256 + v] as number);
    const average = sum / count;
    let squares = 0;
    for (let v = 0; v < 256; v++) squares += (v - average) ** 2 * (histogram[c * 256 + v] as number);
    mean.push(average / 255);
    // A constant channel would divide by zero; one grey level's spread leaves it finite.
    std.push(Math.max(Math.sqrt(squares / count), 1) / 255);
  }
  return { mean, std };
}

/** The most classes that labels can name. */
export const MAX_CLASSES = 65_536;

/** Returns `size` labels of class 0, wide enough for this many classes. */
export function emptyLabels(size: number, classes: number): Labels {
  return classes <= 256 ? new Uint8Array(size) : new Uint16Array(size);
}

/** Returns an empty split to be filled. */
export function emptyImageSet(size: number, shape: readonly [number, number, number], classes: readonly string[]) {
  const [height, width, channels] = shape;
  return {
    size,
    height,
    width,
    channels,
    pixels: new Uint8Array(size * height * width * channels),
    labels: emptyLabels(size, classes.length),
    classes,
  } satisfies ImageSet;
}

/** Returns a split with the images at `indices`, in that order. */
export function pickImages(set: ImageSet, indices: ArrayLike<number>): ImageSet {
  const perImage = set.height * set.width * set.channels;
  const picked = emptyImageSet(indices.length, [set.height, set.width, set.channels], set.classes);
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k] as number;
    picked.pixels.set(set.pixels.subarray(index * perImage, (index + 1) * perImage), k * perImage);
    picked.labels[k] = set.labels[index] as number;
  }
  return picked;
}

/** Returns a split with the images of both, in order. They have the same sizes and classes. */
export function joinImageSets(a: ImageSet, b: ImageSet): ImageSet {
  const joined = emptyImageSet(a.size + b.size, [a.height, a.width, a.channels], a.classes);
  for (const [set, at] of [[a, 0] as const, [b, a.size] as const]) {
    joined.pixels.set(set.pixels, (at * a.pixels.length) / a.size);
    joined.labels.set(set.labels, at);
  }
  return joined;
}
