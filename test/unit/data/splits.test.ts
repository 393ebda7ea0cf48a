/** @file Splits are class-balanced, disjoint, the same for the same seed, and nested. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { balancedQuotas, splitByClass } from "../../../src/data/splits.ts";

function labelsOf(counts: readonly number[], seed: number): Uint8Array {
  return Uint8Array.from(
    createRng(seed).shuffle(counts.flatMap((count, label) => Array.from({ length: count }, () => label))),
  );
}

describe("balancedQuotas", () => {
  test("sums to the total, exceeds no supply, and no class below its supply lags another by more than one", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 12 }), fc.nat(500), (supply, wanted) => {
        const all = supply.reduce((a, b) => a + b, 0);
        const quotas = balancedQuotas(wanted, supply);
        expect(quotas.reduce((a, b) => a + b, 0)).toBe(Math.min(wanted, all));
        const most = Math.max(...quotas);
        quotas.forEach((quota, label) => {
          expect(quota).toBeLessThanOrEqual(supply[label] as number);
          if (quota < (supply[label] as number)) expect(quota).toBeGreaterThanOrEqual(most - 1);
        });
      }),
    );
  });

  test("gives leftover images to the first classes", () => {
    expect(balancedQuotas(8, [9, 9, 9])).toEqual([3, 3, 2]);
    expect(balancedQuotas(8, [1, 9, 9])).toEqual([1, 4, 3]);
  });
});

describe("splitByClass", () => {
  const labels = labelsOf([30, 30, 30], 1);
  const count = (indices: Uint32Array, label: number) => [...indices].filter((index) => labels[index] === label).length;

  test("balances classes and keeps the splits apart", () => {
    const split = splitByClass(labels, 3, { train: 30, validation: 15, splitSeed: 0 }, "set");
    for (const label of [0, 1, 2]) {
      expect(count(split.train, label)).toBe(10);
      expect(count(split.validation, label)).toBe(5);
    }
    expect(new Set([...split.train, ...split.validation]).size).toBe(45);
    expect([...split.train]).toEqual([...split.train].sort((a, b) => a - b));
  });

  test("takes everything that validation leaves by default", () => {
    expect(splitByClass(labels, 3, { validation: 15, splitSeed: 0 }, "set").train.length).toBe(75);
  });

  test("follows from the seed; a larger training set contains the smaller, over the same validation", () => {
    const small = splitByClass(labels, 3, { train: 12, validation: 15, splitSeed: 4 }, "set");
    const large = splitByClass(labels, 3, { train: 60, validation: 15, splitSeed: 4 }, "set");
    expect(splitByClass(labels, 3, { train: 12, validation: 15, splitSeed: 4 }, "set")).toEqual(small);
    expect(large.validation).toEqual(small.validation);
    expect([...small.train].every((index) => large.train.includes(index))).toBe(true);
    // Also where validation differs: training is taken from the other end.
    const longer = splitByClass(labels, 3, { train: 12, validation: 30, splitSeed: 4 }, "set");
    expect(longer.train).toEqual(small.train);
    expect([...small.validation].every((index) => longer.validation.includes(index))).toBe(true);
    expect(splitByClass(labels, 3, { train: 12, validation: 15, splitSeed: 5 }, "set")).not.toEqual(small);
  });

  test("says how many images there are", () => {
    expect(() => splitByClass(labels, 3, { train: 80, validation: 15, splitSeed: 0 }, "CIFAR-10")).toThrow(
      'CIFAR-10  Expected train + validation of at most 90 images, and at least one image each. Received: "train 80, validation 15".',
    );
    expect(() => splitByClass(labels, 3, { validation: 90, splitSeed: 0 }, "CIFAR-10")).toThrow("at most 90 images");
  });
});
