/** @file Batches: every image is a crop, mirror and cut of its original; order and draws follow from seed and epoch alone. */
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  createBatcher,
  epochShape,
  evaluationBatches,
  plain,
  trainingBatches,
  type Augmentation,
} from "../../../src/data/batches.ts";
import type { ImageSet } from "../../../src/data/dataset.ts";
import type { Batch } from "../../../src/engines/engine.ts";

const mean = [0.4, 0.5];
const std = [0.2, 0.25];

/** Random images, every label its own image's number, so that a batch says what it shows. */
function imageSet(size: number, height = 6, width = 5, channels = 2): ImageSet {
  const rng = createRng("images");
  return {
    size,
    height,
    width,
    channels,
    pixels: Uint8Array.from({ length: size * height * width * channels }, () => rng.int(256)),
    labels: Uint8Array.from({ length: size }, (_, index) => index),
    classes: Array.from({ length: size }, String),
  };
}

const normalised = (set: ImageSet, image: number, y: number, x: number, c: number): number =>
  Math.fround(
    ((set.pixels[((image * set.height + y) * set.width + x) * set.channels + c] as number) / 255 -
      (mean[c] as number)) /
      (std[c] as number),
  );

/** The value that a shift and a mirror put at a place: 0 where the padding shows. */
function expectedValue(
  set: ImageSet,
  image: number,
  y: number,
  x: number,
  c: number,
  dy: number,
  dx: number,
  flip: boolean,
) {
  const [fromY, fromX] = [y + dy, flip ? set.width - 1 - (x - dx) : x - dx];
  const inside = fromY >= 0 && fromY < set.height && x - dx >= 0 && x - dx < set.width;
  return inside ? normalised(set, image, fromY, fromX, c) : 0;
}

/** Batches share two buffers, so each is copied as it comes. */
const copyOf = ({ size, images, labels }: Batch) => ({ size, images: [...images], labels: [...labels] });
const epoch = (set: ImageSet, batchSize: number, number: number, seed: number, augmentation: Augmentation = plain) =>
  Array.from(
    trainingBatches(createBatcher({ mean, std }, set, batchSize), set.size, number, augmentation, createRng(seed)),
    copyOf,
  );

describe("fill", () => {
  test("normalises by channel and keeps rows, columns and channels where they were", () => {
    const set = imageSet(3);
    const batch = createBatcher({ mean, std }, set, 4).fill(Uint32Array.of(2, 0), plain, createRng(0));
    expect(batch.size).toBe(2);
    expect([...batch.labels]).toEqual([2, 0]);
    expect(batch.images.length).toBe(2 * 6 * 5 * 2);
    let at = 0;
    for (const image of [2, 0])
      for (let y = 0; y < 6; y++)
        for (let x = 0; x < 5; x++)
          for (let c = 0; c < 2; c++) expect(batch.images[at++]).toBe(normalised(set, image, y, x, c));
  });

  test("every augmented image is exactly one shift and perhaps a mirror of its original, and all of them occur", () => {
    const set = imageSet(1);
    const batcher = createBatcher({ mean, std }, set, 1);
    const rng = createRng("augment");
    const seen = new Set<string>();
    for (let draw = 0; draw < 400; draw++) {
      const { images } = batcher.fill(Uint32Array.of(0), { cropPadding: 2, flip: true, cutout: 0 }, rng);
      const matches: string[] = [];
      for (const flip of [false, true])
        for (let dy = -2; dy <= 2; dy++)
          for (let dx = -2; dx <= 2; dx++) {
            let same = true;
            for (let at = 0; same && at < images.length; at++) {
              const [c, x, y] = [at % 2, Math.floor(at / 2) % 5, Math.floor(at / 10)];
              same = images[at] === expectedValue(set, 0, y, x, c, dy, dx, flip);
            }
            if (same) matches.push(`${dy},${dx},${flip}`);
          }
      expect(matches.length).toBe(1);
      seen.add(matches[0] as string);
    }
    // 50 equally likely outcomes: 400 draws miss any given one with probability 0.98^400 < 4e-4.
    expect(seen.size).toBeGreaterThanOrEqual(48);
  });

  test("cutout blanks one square, clipped at the border, and nothing else", () => {
    const set = imageSet(1, 8, 8, 2);
    const batcher = createBatcher({ mean, std }, set, 1);
    const rng = createRng("cutout");
    for (let draw = 0; draw < 100; draw++) {
      const { images } = batcher.fill(Uint32Array.of(0), { cropPadding: 0, flip: false, cutout: 4 }, rng);
      const blank: [number, number][] = [];
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) {
          const cut = [0, 1].every((c) => images[(y * 8 + x) * 2 + c] === 0);
          if (cut) blank.push([y, x]);
          else for (const c of [0, 1]) expect(images[(y * 8 + x) * 2 + c]).toBe(normalised(set, 0, y, x, c));
        }
      const ys = blank.map(([y]) => y);
      const xs = blank.map(([, x]) => x);
      const [height, width] = [Math.max(...ys) - Math.min(...ys) + 1, Math.max(...xs) - Math.min(...xs) + 1];
      expect(blank.length).toBe(height * width);
      for (const [low, high, side] of [
        [Math.min(...ys), Math.max(...ys), height],
        [Math.min(...xs), Math.max(...xs), width],
      ] as const)
        expect(side === 4 || ((low === 0 || high === 7) && side >= 2 && side < 4)).toBe(true);
    }
  });

  test("a batch stays whole while the next one is made", () => {
    const set = imageSet(8);
    const batcher = createBatcher({ mean, std }, set, 4);
    const first = batcher.fill(Uint32Array.of(0, 1, 2, 3), plain, createRng(0));
    const before = copyOf(first);
    batcher.fill(Uint32Array.of(4, 5, 6, 7), plain, createRng(0));
    expect(copyOf(first)).toEqual(before);
  });
});

describe("an epoch", () => {
  test("shows full batches of different images, in another order each epoch", () => {
    const set = imageSet(22);
    const one = epoch(set, 5, 0, 1);
    expect(one.map(({ size }) => size)).toEqual([5, 5, 5, 5]);
    const labels = one.flatMap((batch) => batch.labels);
    expect(new Set(labels).size).toBe(20);
    expect(epoch(set, 5, 1, 1).flatMap((batch) => batch.labels)).not.toEqual(labels);
    expect(epoch(set, 5, 0, 2).flatMap((batch) => batch.labels)).not.toEqual(labels);
  });

  test("is the same for the same seed and number, whatever was drawn before", () => {
    const set = imageSet(20);
    const augmentation = { cropPadding: 2, flip: true, cutout: 2 };
    const batcher = createBatcher({ mean, std }, set, 5);
    const rng = createRng(7);
    for (const _ of trainingBatches(batcher, 20, 0, augmentation, rng)) rng.next();
    expect(Array.from(trainingBatches(batcher, 20, 3, augmentation, rng), copyOf).at(-1)).toEqual(
      epoch(set, 5, 3, 7, augmentation).at(-1),
    );
  });

  test("of a set below one batch is one batch", () => {
    expect(epochShape(3, 64)).toEqual({ steps: 1, batch: 3 });
    expect(epochShape(130, 64)).toEqual({ steps: 2, batch: 64 });
    expect(epoch(imageSet(3), 64, 0, 1).map(({ size }) => size)).toEqual([3]);
  });

  test("of evaluation shows every image once, in order", () => {
    const set = imageSet(11);
    const batches = Array.from(evaluationBatches(createBatcher({ mean, std }, set, 4), 11, createRng(0)), copyOf);
    expect(batches.map(({ size }) => size)).toEqual([4, 4, 3]);
    expect(batches.flatMap(({ labels }) => labels)).toEqual([...set.labels]);
  });
});
