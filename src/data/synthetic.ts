/**
 * @file The synthetic set: 10 classes of drawn 32x32 colour images, for machines without data and for tests. It needs no file, and is
 * hard enough that a better architecture scores better (bench/synthetic-ranks.ts compares ranks with CIFAR-10's).
 */
import { z } from "zod";
import { createRng } from "../base/rng.ts";
import type { DatasetDefinition, ImageSet } from "./dataset.ts";
import { channelStatistics, emptyImageSet } from "./image-sets.ts";
import { parseOptions, wholeNumber } from "./options.ts";
import { drawSynthetic, SYNTHETIC_CLASSES, SYNTHETIC_SIDE } from "./synthetic-drawing.ts";

const schema = z.strictObject({
  train: wholeNumber(10).default(10_000),
  validation: wholeNumber(10).default(2_000),
  test: wholeNumber(10).default(2_000),
  seed: wholeNumber(0).default(0),
});

export interface SyntheticOptions {
  /** Training images. Default 10,000. A larger set begins with the smaller one. */
  readonly train?: number;
  /** Default 2,000. */
  readonly validation?: number;
  /** Default 2,000. */
  readonly test?: number;
  /** Draws all of it. Default 0. */
  readonly seed?: number;
}

const SHAPE = [SYNTHETIC_SIDE, SYNTHETIC_SIDE, 3] as const;

/** Ten classes of drawn 32x32 colour images: five shapes, striped or checked. About 0.1 ms an image to draw. */
export function synthetic(options: SyntheticOptions = {}): DatasetDefinition {
  const parsed = parseOptions(schema, options, "data");
  return {
    name: "synthetic",
    options: parsed,
    inputShape: SHAPE,
    classes: SYNTHETIC_CLASSES.length,
    with: (changes) => synthetic({ ...parsed, ...changes }),
    load() {
      const root = createRng(`synthetic/${parsed.seed}`);
      const draw = (split: string, size: number): ImageSet => {
        const set = emptyImageSet(size, SHAPE, SYNTHETIC_CLASSES);
        const rng = root.fork(split);
        for (let index = 0; index < size; index++) {
          const label = index % SYNTHETIC_CLASSES.length;
          set.labels[index] = label;
          drawSynthetic(label, rng.fork(index), set.pixels, index * SYNTHETIC_SIDE * SYNTHETIC_SIDE * 3);
        }
        return set;
      };
      const train = draw("train", parsed.train);
      let test: ImageSet | undefined;
      return Promise.resolve({
        name: "synthetic",
        source: "synthetic",
        train,
        validation: draw("validation", parsed.validation),
        get test() {
          test ??= draw("test", parsed.test);
          return test;
        },
        ...channelStatistics(train),
      });
    },
  };
}
