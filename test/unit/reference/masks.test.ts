/** @file The masks: the same for ever, independent across seeds, steps and nodes, and as likely as they say. */
import { describe, expect, it } from "vitest";
import { dropoutMask, dropPathMask } from "../../../src/engines/masks.ts";

const kept = (mask: Float32Array): number => mask.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
const bits = (mask: Float32Array): string => Array.from(mask, (value) => (value > 0 ? "1" : "0")).join("");

describe("masks", () => {
  it("are what they were when first released: checkpoints and replays depend on them", () => {
    expect(bits(dropPathMask(1, 0, "cell0/block0/drop", 32, 0.7))).toMatchInlineSnapshot(
      `"01001111101110010001100101100111"`,
    );
    expect(bits(dropoutMask(1, 0, "cell0/block0/drop", 32, 0.7))).toMatchInlineSnapshot(
      `"01111111101011001000111010111111"`,
    );
  });

  it("hold 0 or 1 / keep", () => {
    const mask = dropoutMask(3, 5, "n", 1000, 0.6);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.6)]));
  });

  it("keep everything at 1 and nothing at 0", () => {
    expect(kept(dropoutMask(3, 5, "n", 100, 1))).toBe(100);
    expect(kept(dropPathMask(3, 5, "n", 100, 0))).toBe(0);
    expect(dropPathMask(3, 5, "n", 4, 0)).toEqual(new Float32Array(4));
  });

  it.each([0.1, 0.5, 0.9])("keep a share of %f", (keep) => {
    const n = 100_000;
    // Five standard deviations of a binomial: one false alarm in 1.7 million, and the seed is fixed.
    const tolerance = 5 * Math.sqrt(n * keep * (1 - keep));
    expect(Math.abs(kept(dropoutMask(11, 7, "a/b", n, keep)) - n * keep)).toBeLessThan(tolerance);
  });

  it("are uncorrelated across seeds, steps, nodes, purposes and neighbours", () => {
    const n = 100_000;
    const base = dropoutMask(1, 1, "cell1/drop", n, 0.5);
    const others = {
      seed: dropoutMask(2, 1, "cell1/drop", n, 0.5),
      highSeed: dropoutMask(1 + 2 ** 32, 1, "cell1/drop", n, 0.5),
      step: dropoutMask(1, 2, "cell1/drop", n, 0.5),
      node: dropoutMask(1, 1, "cell2/drop", n, 0.5),
      swapped: dropoutMask(1, 1, "cell1/dorp", n, 0.5),
      purpose: dropPathMask(1, 1, "cell1/drop", n, 0.5),
      neighbour: base.slice(1),
    };
    for (const [name, other] of Object.entries(others)) {
      let agree = 0;
      for (let i = 0; i < other.length; i++) if (base[i] === other[i]) agree++;
      // Five standard deviations of a fair coin.
      expect(Math.abs(agree - other.length / 2), name).toBeLessThan(5 * Math.sqrt(n / 4));
    }
  });

  it("draw element i alike whatever the length", () => {
    expect(dropoutMask(4, 2, "n", 1000, 0.3).slice(0, 10)).toEqual(dropoutMask(4, 2, "n", 10, 0.3));
  });

  it("vary over steps for a single example too", () => {
    const n = 4000;
    const draws = Float32Array.from({ length: n }, (_, step) => dropPathMask(9, step, "cell0/drop", 1, 0.5)[0] ?? 0);
    expect(Math.abs(kept(draws) - n / 2)).toBeLessThan(5 * Math.sqrt(n / 4));
  });
});
