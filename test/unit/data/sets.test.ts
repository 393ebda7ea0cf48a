/** @file The synthetic set, a user's own set, and the statistics of any. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { createBatcher, plain } from "../../../src/data/batches.ts";
import { defineDataset } from "../../../src/data/define.ts";
import type { ImageSet } from "../../../src/data/dataset.ts";
import { channelStatistics, pickImages } from "../../../src/data/image-sets.ts";
import { splitByClass } from "../../../src/data/splits.ts";
import { synthetic } from "../../../src/data/synthetic.ts";

const digest = (pixels: Uint8Array) => createHash("md5").update(pixels).digest("hex");

describe("synthetic", () => {
  test("draws the same for the same seed; splits differ; a larger set begins with the smaller", async () => {
    const small = await synthetic({ train: 40, validation: 20, test: 20, seed: 3 }).load({});
    const large = await synthetic({ train: 80, validation: 20, test: 20, seed: 3 }).load({});
    const other = await synthetic({ train: 40, validation: 20, test: 20, seed: 4 }).load({});
    expect(digest(large.train.pixels.subarray(0, small.train.pixels.length))).toBe(digest(small.train.pixels));
    expect(digest(large.validation.pixels)).toBe(digest(small.validation.pixels));
    expect(digest(other.train.pixels)).not.toBe(digest(small.train.pixels));
    expect(digest(small.validation.pixels)).not.toBe(digest(small.test.pixels));
    expect(digest(small.validation.pixels)).not.toBe(digest(small.train.pixels.subarray(0, 20 * 3072)));
  });

  test("has ten classes in equal shares, and every image is its own", async () => {
    const { train } = await synthetic({ train: 200, validation: 10 }).load({});
    expect([...train.classes].length).toBe(10);
    for (let label = 0; label < 10; label++)
      expect([...train.labels].filter((value) => value === label).length).toBe(20);
    const images = Array.from({ length: 200 }, (_, k) => digest(train.pixels.subarray(k * 3072, (k + 1) * 3072)));
    expect(new Set(images).size).toBe(200);
  });

  test("gives no class away by its colours: mean colours of classes differ less than images of one class do", async () => {
    const { train } = await synthetic({ train: 1_000, validation: 10 }).load({});
    const means = Array.from({ length: 1_000 }, (_, k) => {
      let sum = 0;
      for (let p = 0; p < 3072; p++) sum += train.pixels[k * 3072 + p] as number;
      return sum / 3072;
    });
    const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const spread = (values: number[]) => Math.sqrt(average(values.map((value) => (value - average(values)) ** 2)));
    const byClass = Array.from({ length: 10 }, (_, label) => means.filter((_, k) => train.labels[k] === label));
    // 100 images a class: class means vary by a tenth of the images' spread by chance alone; three times that is generous.
    expect(spread(byClass.map(average))).toBeLessThan(0.3 * average(byClass.map(spread)));
  });
});

describe("channelStatistics", () => {
  test("is the mean and the standard deviation of each channel, and finite for a constant one", () => {
    const set = { size: 2, height: 1, width: 2, channels: 2, labels: new Uint8Array(2), classes: ["a"] };
    const { mean, std } = channelStatistics({ ...set, pixels: Uint8Array.of(0, 7, 255, 7, 255, 7, 0, 7) });
    expect(mean[0]).toBeCloseTo(0.5, 12);
    expect(std[0]).toBeCloseTo(0.5, 12);
    expect(mean[1]).toBeCloseTo(7 / 255, 12);
    expect(std[1]).toBe(1 / 255);
  });
});

describe("defineDataset", () => {
  const set = (size: number, labels: number[] = Array.from({ length: size }, () => 1)): ImageSet => ({
    size,
    height: 2,
    width: 2,
    channels: 1,
    pixels: Uint8Array.from({ length: size * 4 }, (_, k) => k % 251),
    labels: Uint8Array.from(labels),
    classes: ["no", "yes"],
  });
  const spec = { name: "mine", inputShape: [2, 2, 1] as const, classes: 2 };

  test("fills in test, statistics and source", async () => {
    const data = await defineDataset({ ...spec, load: () => ({ train: set(8), validation: set(4) }) }).load({});
    expect(data.test).toEqual(data.validation);
    expect(data.mean).toEqual(channelStatistics(set(8)).mean);
    expect(data.name).toBe("mine");
  });

  test("names the split that is wrong, and what was expected", async () => {
    const failure = (train: ImageSet) =>
      defineDataset({ ...spec, load: () => ({ train, validation: set(4) }) })
        .load({})
        .then(
          () => "no error",
          (error: Error) => error.message,
        );
    expect(await failure({ ...set(8), pixels: new Uint8Array(31) })).toBe(
      "mine train  Expected 8 x 2 x 2 x 1 = 32 pixel values. Received: 31.",
    );
    expect(await failure(set(3, [0, 1]))).toBe("mine train  Expected 3 labels. Received: 2.");
    expect(await failure(set(3, [0, 1, 2]))).toBe('mine train  Expected labels below 2. Received: "2 at image 2".');
    expect(await failure({ ...set(8), height: 1, width: 4 })).toContain("Expected images of 2 x 2 x 1");
    expect(await failure({ ...set(8), classes: ["a", "b", "c"] })).toContain("Expected 2 classes. Received: 3.");
    expect(await failure(set(0))).toContain("Expected at least one image");
  });

  test("takes more classes than a byte can name, through splits and batches", async () => {
    const names = Array.from({ length: 300 }, (_, k) => `class ${k}`);
    const wide: ImageSet = { ...set(300), labels: Uint16Array.from(names.keys()), classes: names };
    const load = () => ({ train: wide, validation: pickImages(wide, [299, 256, 3]) });
    const data = await defineDataset({ ...spec, classes: 300, load }).load({});
    expect([...data.validation.labels]).toEqual([299, 256, 3]);
    const batch = createBatcher(data, data.train, 2).fill(Uint32Array.of(299, 43), plain, createRng(0));
    expect([...batch.labels]).toEqual([299, 43]);
    const { train, validation } = splitByClass(wide.labels, 300, { validation: 100, splitSeed: 0 }, "wide");
    expect(new Set([...train, ...validation]).size).toBe(300);
  });

  test("checks its own options", () => {
    expect(() => defineDataset({ ...spec, classes: 1, load: 3 as never })).toThrow(
      "data.classes  Expected a whole number from 2 to 65536. Received: 1.\ndata.load  Expected a function that loads the splits. Received: 3.",
    );
  });
});
