/** @file The official files, where this machine has them: their published statistics. Skipped elsewhere: they are not part of the repository. */
import { describe, expect, test } from "vitest";
import { cifarSignature } from "../../../src/data/cifar.ts";
import { cifar10Layout } from "../../../src/data/cifar-layout.ts";
import { channelStatistics, cifar10, dataRoots, mnist, type Labels } from "../../../src/data/index.ts";
import { locateData } from "../../../src/data/locate.ts";

const hasCifar = locateData(cifarSignature(cifar10Layout), dataRoots()) !== undefined;
const hasMnist =
  locateData(
    { folders: ["mnist"], files: [["train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"]] },
    dataRoots(),
  ) !== undefined;

const perClass = (labels: Labels) =>
  Array.from({ length: 10 }, (_, label) =>
    Uint8Array.from(labels).reduce((count, value) => count + (value === label ? 1 : 0), 0),
  );

describe.skipIf(!hasCifar)("CIFAR-10", () => {
  test("has 1,000 test images a class with the published mean and deviation, and balanced subsets", async () => {
    const data = await cifar10({ train: 2_000, validation: 500 }).load({ download: false });
    expect(perClass(data.test.labels)).toEqual(Array.from({ length: 10 }, () => 1_000));
    expect(perClass(data.train.labels)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(perClass(data.validation.labels)).toEqual(Array.from({ length: 10 }, () => 50));
    const { mean, std } = channelStatistics(data.test);
    // Published to three decimals on the scale 0 to 255.
    [126.025, 123.709, 114.854].forEach((value, c) => expect(255 * (mean[c] as number)).toBeCloseTo(value, 2));
    [62.896, 61.938, 66.706].forEach((value, c) => expect(255 * (std[c] as number)).toBeCloseTo(value, 2));
  });
});

describe.skipIf(!hasMnist)("MNIST", () => {
  test("has 60,000 and 10,000 images and the published mean and deviation", async () => {
    const data = await mnist({ validation: 10 }).load({ download: false });
    expect([data.train.size + data.validation.size, data.test.size]).toEqual([60_000, 10_000]);
    // Of all 60,000: 0.1307 and 0.3081; ten images fewer move neither by 1e-4.
    expect(data.mean[0]).toBeCloseTo(0.1307, 3);
    expect(data.std[0]).toBeCloseTo(0.3081, 3);
    expect(data.mean.length).toBe(1);
  });
});
