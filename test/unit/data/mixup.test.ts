/** @file Mixup: every image, target and label is the stated blend of the unmixed batch; the share is Beta's; without it nothing changes. */
import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { createBatcher, plain, trainingBatches, type Augmentation } from "../../../src/data/batches.ts";
import type { ImageSet } from "../../../src/data/dataset.ts";
import { drawBeta, drawMixing } from "../../../src/data/mixup.ts";
import type { Batch } from "../../../src/engines/engine.ts";

const statistics = { mean: [0.5], std: [0.25] };
const set: ImageSet = (() => {
  const rng = createRng("mixup images");
  return {
    size: 24,
    height: 3,
    width: 4,
    channels: 1,
    pixels: Uint8Array.from({ length: 24 * 12 }, () => rng.int(256)),
    labels: Uint8Array.from({ length: 24 }, (_, index) => index % 5),
    classes: ["a", "b", "c", "d", "e"],
  };
})();

const copyOf = ({ size, images, labels, targets }: Batch) => ({
  size,
  images: [...images],
  labels: [...labels],
  ...(targets && { targets: [...targets] }),
});
const epoch = (augmentation: Augmentation, number = 2, seed = 3) =>
  Array.from(
    trainingBatches(createBatcher(statistics, set, 8), set.size, number, augmentation, createRng(seed)),
    copyOf,
  );
const augmentation = { cropPadding: 1, flip: true, cutout: 0 };

describe("a mixed batch", () => {
  it.each([0.9, 0.3])("is the blend of the same batch unmixed, at share %d", (share) => {
    const indices = Uint32Array.of(3, 8, 1, 14, 20, 6, 0);
    // Two cycles and one image that is its own partner.
    const partners = Uint32Array.of(2, 0, 1, 3, 5, 6, 4);
    const plainBatch = createBatcher(statistics, set, 8).fill(indices, augmentation, createRng(1));
    const mixed = createBatcher(statistics, set, 8).fill(indices, augmentation, createRng(1), { share, partners });
    expect(plainBatch.targets).toBeUndefined();
    expect(mixed.targets).toHaveLength(7 * 5);
    for (let k = 0; k < 7; k++) {
      const partner = partners[k] as number;
      for (let i = 0; i < 12; i++) {
        const [own, other] = [plainBatch.images[k * 12 + i] as number, plainBatch.images[partner * 12 + i] as number];
        expect(mixed.images[k * 12 + i]).toBe(k === partner ? own : Math.fround(share * own + (1 - share) * other));
      }
      const [mine, theirs] = [plainBatch.labels[k] as number, plainBatch.labels[partner] as number];
      const target = [0, 0, 0, 0, 0];
      target[mine] = share;
      target[theirs] = mine === theirs ? 1 : 1 - share;
      expect([...(mixed.targets ?? [])].slice(k * 5, k * 5 + 5)).toEqual(target.map(Math.fround));
      expect(mixed.labels[k]).toBe(share < 0.5 ? theirs : mine);
    }
  });

  it("stays whole while the next one is made", () => {
    const batcher = createBatcher(statistics, set, 4);
    const mix = (seed: number, ...indices: number[]) =>
      batcher.fill(Uint32Array.from(indices), plain, createRng(0), drawMixing(1, 4, createRng(seed)));
    const first = mix(1, 0, 1, 2, 3);
    const before = copyOf(first);
    mix(2, 4, 5, 6, 7);
    expect(copyOf(first)).toEqual(before);
  });
});

describe("an epoch with mixup", () => {
  it("is the same for the same seed and number, and another for others", () => {
    const one = epoch({ ...augmentation, mixup: 0.4 });
    expect(epoch({ ...augmentation, mixup: 0.4 })).toEqual(one);
    for (const other of [
      epoch({ ...augmentation, mixup: 0.4 }, 3),
      epoch({ ...augmentation, mixup: 0.4 }, 2, 4),
      epoch({ ...augmentation, mixup: 0.5 }),
    ])
      expect(other[0]?.targets).not.toEqual(one[0]?.targets);
    expect(one).toHaveLength(3);
    for (const { targets = [] } of one)
      for (let k = 0; k < 8; k++)
        // Two shares, each rounded to single precision: 6e-8 of 1 each.
        expect(targets.slice(k * 5, k * 5 + 5).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  it("draws a share and partners anew for each batch", () => {
    const shares = epoch({ ...plain, mixup: 1 }).map(({ targets = [] }) =>
      Math.max(...targets.filter((target) => target < 1)),
    );
    expect(new Set(shares).size).toBe(3);
  });

  it("at 0 is what it is without: images, labels, no targets", () => {
    expect(epoch({ ...augmentation, mixup: 0 })).toEqual(epoch(augmentation));
    expect(epoch({ ...augmentation, mixup: 0 })[0]).not.toHaveProperty("targets");
  });
});

describe("drawBeta", () => {
  it.each([0.2, 1, 4])("has mean and variance of Beta(%d, same)", (a) => {
    const rng = createRng(`beta/${a}`);
    const draws = Array.from({ length: 4_000 }, () => drawBeta(a, rng));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThanOrEqual(1);
    // Variance 1 / (4 (2a + 1)); standard errors of 4,000 draws: below 0.0067 of the mean and 0.0035 of the variance. Four of them.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.027);
    expect(Math.abs(variance - 1 / (4 * (2 * a + 1)))).toBeLessThan(0.014);
  });

  it("is near 0 or 1 for a tiny a, never NaN", () => {
    const rng = createRng("tiny");
    const draws = Array.from({ length: 200 }, () => drawBeta(1e-6, rng));
    expect(draws.every((x) => x < 1e-6 || x > 1 - 1e-6)).toBe(true);
    expect(draws.filter((x) => x > 0.5).length).toBeGreaterThan(50);
  });
});
