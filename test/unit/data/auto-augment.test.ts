/**
 * @file AutoAugment: each operation by hand on a few pixels and byte for byte as Pillow has it (test/fixtures/auto-augment), the policy's table and
 * draws, and its place between crop and cutout.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  applyOperation,
  applyPolicy,
  cifarPolicy,
  operations,
  type OperationName,
} from "../../../src/data/auto-augment/policy.ts";
import { createBatcher, trainingBatches, type Augmentation } from "../../../src/data/batches.ts";
import type { ImageSet } from "../../../src/data/dataset.ts";
import {
  picture,
  pillowFill as fill,
  pillowPictures,
  pillowResults,
  type Picture,
} from "../../support/pillow-pictures.ts";

const applied = (name: OperationName, magnitude: number, { pixels, ...shape }: Picture): Uint8Array => {
  const result = new Uint8Array(pixels.length);
  applyOperation(name, magnitude, pixels, result, shape, fill);
  return result;
};

/** What an operation makes of a few grey pixels in a row, where nothing depends on colour. */
const ofGreys = (name: OperationName, amount: number, greys: readonly number[]): number[] => {
  const from = Uint8Array.from(greys.flatMap((grey) => [grey, grey, grey]));
  const to = new Uint8Array(from.length);
  operations[name].run(from, to, { height: 1, width: greys.length }, amount, fill);
  return [...to].filter((_, at) => at % 3 === 0);
};

describe("by hand", () => {
  const marked = picture(3, 4, (y, x) => 10 * (y + 1) + x);
  const rows = (name: OperationName, amount: number, of = marked) => {
    const to = new Uint8Array(of.pixels.length);
    operations[name].run(of.pixels, to, of, amount, Uint8Array.of(0, 1, 2));
    return Array.from({ length: of.height }, (_, y) =>
      Array.from({ length: of.width }, (_unused, x) => to[(y * of.width + x) * 3] as number),
    );
  };

  test("pictures are moved: right, down, by a pixel per row or column, a quarter turn against the clock", () => {
    expect(rows("TranslateX", 1)).toEqual([
      [0, 10, 11, 12],
      [0, 20, 21, 22],
      [0, 30, 31, 32],
    ]);
    expect(rows("TranslateY", -2)).toEqual([
      [30, 31, 32, 33],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    // A row's middle is at half a pixel: 0.8 * 0.5 = 0.4, 0.8 * 1.5 = 1.2 and 0.8 * 2.5 = 2 pixels.
    expect(rows("ShearX", 0.8)).toEqual([
      [10, 11, 12, 13],
      [21, 22, 23, 0],
      [32, 33, 0, 0],
    ]);
    expect(rows("ShearY", -0.8)).toEqual([
      [10, 0, 0, 0],
      [20, 11, 0, 0],
      [30, 21, 12, 0],
    ]);
    const square = picture(3, 3, (y, x) => 10 * (y + 1) + x);
    expect(rows("Rotate", 90, square)).toEqual([
      [12, 22, 32],
      [11, 21, 31],
      [10, 20, 30],
    ]);
  });

  test("what comes in from outside has the fill's colour", () => {
    expect([...applied("TranslateX", 9, marked)].slice(0, 3)).toEqual([...fill]);
  });

  test("bytes are inverted, from a threshold on too, and lose their low bits", () => {
    expect(ofGreys("Invert", 0, [0, 100, 255])).toEqual([255, 155, 0]);
    expect(ofGreys("Solarize", 128, [0, 127, 128, 255])).toEqual([0, 127, 127, 0]);
    expect(ofGreys("Posterize", 5, [7, 8, 200, 255])).toEqual([0, 8, 200, 248]);
  });

  test("contrast is stretched to the ends and levels are spread", () => {
    // Scale 255 / 40: 10 * 6.375 = 63.75.
    expect(ofGreys("AutoContrast", 0, [50, 60, 70, 90])).toEqual([0, 63, 127, 255]);
    expect(ofGreys("AutoContrast", 0, [7, 7])).toEqual([7, 7]);
    // 256 pixels of which the largest is one: a step of one pixel, each level that many below it.
    const greys = Array.from({ length: 256 }, (_, k) => (k < 100 ? 3 : k < 255 ? 9 : 200));
    const spread = ofGreys("Equalize", 0, greys);
    expect([spread[0], spread[100], spread[255]]).toEqual([0, 100, 255]);
    expect(ofGreys("Equalize", 0, [3, 9, 9, 200])).toEqual([3, 9, 9, 200]);
  });

  test("enhancements go from black, grey, the mean and the smoothed picture through the picture, and beyond", () => {
    expect(ofGreys("Brightness", 0.1, [0, 55, 255])).toEqual([0, 5, 25]);
    expect(ofGreys("Brightness", 1.9, [0, 100, 200])).toEqual([0, 190, 255]);
    // The mean of 20 and 80 is 50.
    expect(ofGreys("Contrast", 0.5, [20, 80])).toEqual([35, 65]);
    expect(ofGreys("Contrast", 2, [20, 240])).toEqual([0, 255]);
    const red = Uint8Array.of(200, 0, 0);
    const to = new Uint8Array(3);
    // Luma 0.299 * 200 = 59.8, so 60.
    operations.Color.run(red, to, { height: 1, width: 1 }, 0.5);
    expect([...to]).toEqual([130, 30, 30]);
    const dot = picture(3, 3, (y, x) => (y === 1 && x === 1 ? 130 : 0));
    // Smoothed, the dot is 130 * 5 / 13 = 50; the border stays.
    expect(rows("Sharpness", 0.5, dot)[1]).toEqual([0, 90, 0]);
    expect(rows("Sharpness", 1.5, dot)[1]).toEqual([0, 170, 0]);
  });
});

describe("as Pillow has it", () => {
  test("has a result for every operation and picture", () => {
    expect(Object.keys(pillowResults)).toEqual(Object.keys(pillowPictures));
    for (const each of Object.values(pillowResults))
      expect(Object.keys(each).toSorted()).toEqual(Object.keys(operations).toSorted());
  });

  test.each(Object.keys(operations) as OperationName[])("%s at every magnitude", (name) => {
    for (const [key, each] of Object.entries(pillowPictures)) {
      const expected = pillowResults[key]?.[name] ?? {};
      const got = Object.fromEntries(
        Object.keys(expected).map((magnitude) => {
          const result = applied(name, Number(magnitude), each);
          return [magnitude, createHash("sha256").update(result).digest("hex").slice(0, 12)];
        }),
      );
      expect(got, key).toEqual(expected);
    }
  });
});

describe("the policy", () => {
  test("has the paper's 25 pairs", () => {
    expect(cifarPolicy).toHaveLength(25);
    const steps = cifarPolicy.flatMap(([first, p, m, second, q, n]) => [
      [first, p, m] as const,
      [second, q, n] as const,
    ]);
    for (const [name, probability, magnitude] of steps) {
      expect(Object.keys(operations)).toContain(name);
      expect(Number.isInteger(10 * probability) && probability >= 0 && probability <= 0.9, name).toBe(true);
      expect(Number.isInteger(magnitude) && magnitude >= 0 && magnitude <= 9, name).toBe(true);
    }
    // Counted in the paper's table 7; of the operations that it could choose from, ShearX is in none.
    const counts = Object.fromEntries(Object.keys(operations).map((name) => [name, 0])) as Record<
      OperationName,
      number
    >;
    for (const [name] of steps) counts[name]++;
    expect(counts).toEqual({
      ShearX: 0,
      ShearY: 2,
      TranslateX: 2,
      TranslateY: 5,
      Rotate: 1,
      AutoContrast: 7,
      Invert: 3,
      Equalize: 9,
      Solarize: 4,
      Posterize: 1,
      Contrast: 2,
      Color: 5,
      Brightness: 4,
      Sharpness: 5,
    });
    expect(steps.reduce((sum, [, probability]) => sum + 10 * probability, 0)).toBeCloseTo(265, 9);
  });

  const one = picture(32, 32, (y, x, channel) => (31 * y + 17 * x + 50 * channel) % 200);
  const drawn = (seed: number): Uint8Array => {
    const [from, to] = [one.pixels.slice(), new Uint8Array(one.pixels.length)];
    return applyPolicy(from, to, one, fill, createRng(seed));
  };

  test("is drawn from the stream alone, five numbers a picture", () => {
    const distinct = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      expect(drawn(seed)).toEqual(drawn(seed));
      distinct.add(drawn(seed).join());
      const [rng, beside] = [createRng(seed), createRng(seed)];
      applyPolicy(one.pixels.slice(), new Uint8Array(one.pixels.length), one, fill, rng);
      for (let draw = 0; draw < 5; draw++) beside.next();
      expect(rng.next()).toBe(beside.next());
    }
    expect(distinct.size).toBeGreaterThan(20);
  });

  test("applies each step as often as its probability says, in either direction as often", () => {
    // Of the draws of sub-policy 1: a turn (0.7) and then a shift (0.3), each with its sign; told apart by what they make of the picture.
    const turned = [2, -2].map((magnitude) => applied("Rotate", magnitude, one).join());
    const shifted = [9, -9].map((magnitude) => applied("TranslateX", magnitude, one).join());
    const counts = [0, 0, 0, 0];
    const total = 20_000;
    const rng = createRng("policy");
    for (let draw = 0; draw < total; draw++) {
      const result = applyPolicy(one.pixels.slice(), new Uint8Array(one.pixels.length), one, fill, rng).join();
      const found = [...turned, ...shifted].indexOf(result);
      if (found >= 0) counts[found] = (counts[found] as number) + 1;
    }
    // Turned alone: 1/25 * 0.7 * 0.7 / 2; shifted alone: 1/25 * 0.3 * 0.3 / 2. Sub-policy 10 shifts by 8, not by 9. Five standard errors.
    for (const [k, share] of [0.0098, 0.0098, 0.0018, 0.0018].entries())
      expect(Math.abs((counts[k] as number) / total - share)).toBeLessThan(5 * Math.sqrt(share / total));
  });
});

describe("a batch", () => {
  const statistics = { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };
  const bytes = [125, 122, 115];
  const set = (channels = 3): ImageSet => {
    const rng = createRng("pictures");
    return {
      size: 20,
      height: 8,
      width: 6,
      channels,
      pixels: Uint8Array.from({ length: 20 * 48 * channels }, () => rng.int(256)),
      labels: Uint8Array.from({ length: 20 }, (_, index) => index),
      classes: Array.from({ length: 20 }, String),
    };
  };
  const epoch = (augmentation: Augmentation, seed = 1, skipped = 0) => {
    const batches = trainingBatches(createBatcher(statistics, set(), 5), 20, 2, augmentation, createRng(seed));
    for (let step = 0; step < skipped; step++) batches.next();
    return Array.from(batches, ({ images, labels }) => ({ images: [...images], labels: [...labels] }));
  };
  const everything = { cropPadding: 2, flip: true, autoAugment: true, cutout: 3 };

  test("is cropped and mirrored, then changed in bytes, then normalised", () => {
    const all = set();
    const batcher = createBatcher(statistics, all, 1);
    for (let seed = 0; seed < 80; seed++) {
      const index = seed % 20;
      const { images } = batcher.fill(
        Uint32Array.of(index),
        { cropPadding: 2, flip: true, autoAugment: true, cutout: 0 },
        createRng(seed),
      );
      const rng = createRng(seed);
      const [dy, dx] = [rng.int(5) - 2, rng.int(5) - 2];
      const isMirrored = rng.next() < 0.5;
      const cropped = picture(8, 6, (y, x, channel) => {
        const [row, shown] = [y + dy, x - dx];
        const column = isMirrored ? 5 - shown : shown;
        const isInside = row >= 0 && row < 8 && shown >= 0 && shown < 6;
        return (isInside ? all.pixels[((index * 8 + row) * 6 + column) * 3 + channel] : bytes[channel]) as number;
      });
      const expected = applyPolicy(cropped.pixels, new Uint8Array(144), cropped, Uint8Array.from(bytes), rng);
      const [{ mean, std }, values] = [statistics, [...expected]];
      expect([...images]).toEqual(
        values.map((byte, at) => Math.fround((byte / 255 - (mean[at % 3] as number)) / (std[at % 3] as number))),
      );
    }
  });

  test("has its square cut out last, at the mean", () => {
    const [cut, whole] = [epoch(everything)[0]?.images ?? [], epoch({ ...everything, cutout: 0 })[0]?.images ?? []];
    // The first image: the draws before its square are the same.
    const changed = cut.slice(0, 144).flatMap((value, at) => (value === whole[at] ? [] : [value]));
    expect(changed.length).toBeGreaterThan(0);
    expect(new Set(changed)).toEqual(new Set([0]));
  });

  test("is the same for the same seed, also where an epoch is gone on with, and another for another", () => {
    const whole = epoch(everything);
    expect(epoch(everything)).toEqual(whole);
    expect(epoch(everything, 1, 2)).toEqual(whole.slice(2));
    expect(epoch(everything, 2)).not.toEqual(whole);
    expect(epoch({ ...everything, autoAugment: false })).not.toEqual(whole);
    expect(epoch({ ...everything, autoAugment: false })).toEqual(epoch({ cropPadding: 2, flip: true, cutout: 3 }));
  });

  test.each([
    [1, "grey images"],
    [4, "images of 4 channels"],
  ])("of %d channels is refused", (channels, images) => {
    const batcher = createBatcher(
      { mean: Array(channels).fill(0.5), std: Array(channels).fill(0.2) },
      set(channels),
      5,
    );
    expect(() => batcher.fill(Uint32Array.of(0), everything, createRng(0))).toThrow(
      `autoAugment  Expected no for ${images}: AutoAugment is for colours. Received: "yes".`,
    );
  });
});
