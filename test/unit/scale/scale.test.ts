/** @file Compound scaling: factors, rounding and its notes, the table, the largest size that fits. */
import { describe, expect, it } from "vitest";
import { costOf, network } from "cellwright/network";
import { choice, defineSpace } from "cellwright/space";
import { nasnet } from "cellwright/spaces";
import { efficientNetCoefficients, scaleFactors } from "../../../src/scale/factors.ts";
import { grownNumbers } from "../../../src/scale/rounding.ts";
import { fitsBudget, largestThatFits, scaleTable, scaleTo, sizeAsSearched } from "../../../src/scale/scale.ts";

const genotype = nasnet.named["nasnet-a"] ?? {};
const subject = { space: nasnet, genotype, skeleton: { cellsPerStack: 1, filters: 8 } };

describe("scaleFactors", () => {
  it("raises the coefficients to phi", () => {
    expect(scaleFactors(0)).toEqual({ depth: 1, width: 1, resolution: 1 });
    const factors = scaleFactors(3, { alpha: 1.2, beta: 1.1, gamma: 1.15 });
    expect(factors.depth).toBeCloseTo(1.728, 12);
    expect(factors.width).toBeCloseTo(1.331, 12);
    expect(factors.resolution).toBeCloseTo(1.520875, 12);
  });

  it("has EfficientNet's coefficients: MACs about double with phi", () => {
    const { alpha, beta, gamma } = efficientNetCoefficients;
    expect(alpha * beta ** 2 * gamma ** 2).toBeCloseTo(1.92027, 5);
  });

  it("refuses what does not grow", () => {
    expect(() => scaleFactors(1, { alpha: 0.9, beta: 1.1, gamma: 1 })).toThrow(
      /alpha {2}Expected a number of 1 or more. Received: 0.9/,
    );
    expect(() => scaleFactors(NaN)).toThrow(/phi {2}Expected a finite number/);
  });

  it("refuses sizes that could not even be counted", () => {
    // 1.2 ** 30.4 is 255.3, and a tenth further beyond 256.
    expect(scaleFactors(30.4).depth).toBeCloseTo(255.3, 1);
    expect(() => scaleFactors(100)).toThrow(
      "phi  Expected at most 30.4, where depth, width or input are 256 times as large. Received: 100.",
    );
    expect(scaleFactors(64, { alpha: 1, beta: 1, gamma: 1 }).depth).toBe(1);
    expect(() => scaleFactors(9, { alpha: 1, beta: 2, gamma: 1 })).toThrow(/at most 8, /);
  });
});

describe("NASNet's rounding", () => {
  const grow = (factors: { depth?: number; width?: number; resolution?: number }, base: object = {}): unknown => {
    const skeleton = { ...nasnet.skeleton, cellsPerStack: 1, filters: 8, ...base };
    const { cellsPerStack, filters, input, stem } =
      nasnet.scaleSkeleton?.(skeleton, { depth: 1, width: 1, resolution: 1, ...factors }) ?? skeleton;
    return [cellsPerStack, filters, input[0], stem];
  };

  it("changes nothing at factors of 1", () => {
    expect(grow({})).toEqual([1, 8, 32, "cifar"]);
    expect(grow({}, { filters: 7 })).toEqual([1, 7, 32, "cifar"]);
  });

  it("takes whole cells, even filters, sides that the strides divide", () => {
    expect(grow({ depth: 3.7 })).toEqual([4, 8, 32, "cifar"]);
    expect(grow({ depth: 1.2 })).toEqual([1, 8, 32, "cifar"]);
    expect(grow({ width: 1.4 })).toEqual([1, 12, 32, "cifar"]);
    expect(grow({ resolution: 1.15 })).toEqual([1, 8, 36, "cifar"]);
  });

  it("takes multiples of 4 and the ImageNet stem for large images", () => {
    expect(grow({ width: 43.1 / 8 }, { input: [224, 224, 3] })).toEqual([1, 44, 224, "imagenet"]);
    expect(grow({ resolution: 1.15 }, { input: [224, 224, 3] })).toEqual([1, 8, 256, "imagenet"]);
    expect(grow({}, { filters: 10, input: [224, 224, 3] })).toEqual([1, 12, 224, "imagenet"]);
  });
});

describe("scaleTo", () => {
  it("counts what decode makes of the scaled skeleton, and says what was rounded", () => {
    const size = scaleTo(subject, 3);
    expect(size.skeleton).toMatchObject({ cellsPerStack: 2, filters: 10, input: [48, 48, 3] });
    const { params, macs } = costOf(nasnet.decode(genotype, size.skeleton).network);
    expect([size.params, size.macs]).toEqual([params, macs]);
    expect(size.notes).toEqual([
      "cellsPerStack 1.7 rounded to 2",
      "filters 10.6 rounded to 10",
      "input 48.7 rounded to 48",
    ]);
  });

  it("keeps a target's image size and classes, and tells of the stem", () => {
    const target = { input: [224, 224, 3], classes: 1000 } as const;
    const size = scaleTo({ ...subject, target, coefficients: { alpha: 1.33, beta: 1.4418, gamma: 1.2 } }, 4.6);
    expect(size.skeleton).toMatchObject({
      cellsPerStack: 4,
      filters: 44,
      input: [224, 224, 3],
      classes: 1000,
      stem: "imagenet",
    });
    expect(size.factors.resolution).toBe(1);
    expect(size.notes).toEqual([
      "cellsPerStack 3.7 rounded to 4",
      "filters 43.1 rounded to 44",
      'stem "cifar" -> "imagenet"',
      "stemMultiplier 3 -> 1",
    ]);
    // The scaled network is NASNet-A (4 @ 1056), the paper's Mobile.
    expect([size.params, size.macs]).toEqual([5_289_978, 563_638_816]);
  });

  it("starts from the architecture as searched", () => {
    const target = { input: [64, 64, 3] } as const;
    expect(sizeAsSearched({ ...subject, target })).toMatchObject({ params: 72_370, notes: [] });
    const [zero] = scaleTable(subject, [0, 1]);
    expect(zero).toEqual(sizeAsSearched(subject));
  });

  it("works for any space that says how it grows, and names one that does not", () => {
    const definition = {
      name: "plain",
      version: 1,
      skeleton: { width: 10, layers: 2, input: [8, 8, 1] as readonly [number, number, number] },
      decisions: { fn: choice(["relu", "tanh"]) },
      decode: (
        { fn }: { fn: "relu" | "tanh" },
        { width, layers, input }: { width: number; layers: number; input: readonly [number, number, number] },
      ) => ({
        network: network("plain", input, (net) => {
          let x = net.input;
          for (let i = 0; i < layers; i++)
            x = net.activate(`act${i}`, net.conv(`conv${i}`, x, { filters: width, kernel: 3 }), fn);
          return net.dense("dense", net.globalAvgPool("pool", x), { units: 2 });
        }),
      }),
    };
    const grows = defineSpace({
      ...definition,
      scaleSkeleton: (skeleton, { depth, width }) => ({
        ...skeleton,
        layers: Math.round(skeleton.layers * depth),
        width: Math.round(skeleton.width * width),
      }),
    });
    const plain = { fn: 0 };
    const factors = { depth: 1.2, width: 1.5, resolution: 2 };
    expect(grownNumbers(grows.scaleSkeleton as never, grows.skeleton, factors)).toEqual([
      { axis: "depth", key: "layers", exact: 2.4, rounded: 2 },
      { axis: "width", key: "width", exact: 15, rounded: 15 },
    ]);
    expect(scaleTo({ space: grows, genotype: plain }, 0).params).toBe(9 * 10 + 9 * 100 + 22);
    expect(() => scaleTo({ space: defineSpace(definition), genotype: plain }, 1)).toThrow(/space plain.*scaleSkeleton/);
  });
});

describe("largestThatFits", () => {
  it("finds the largest tenth of phi within both bounds", () => {
    for (const budget of [{ maxParams: 1_000_000 }, { maxMacs: 100e6 }, { maxParams: 400_000, maxMacs: 200e6 }]) {
      const best = largestThatFits(subject, budget);
      expect(best).toBeDefined();
      const phi = best?.phi ?? 0;
      expect(phi).toBeGreaterThan(0);
      expect(fitsBudget(scaleTo(subject, phi), budget)).toBe(true);
      expect(fitsBudget(scaleTo(subject, phi + 0.1), budget)).toBe(false);
    }
  });

  it("agrees with trying every tenth", () => {
    const budget = { maxMacs: 60e6 };
    const tenths = Array.from({ length: 60 }, (_, i) => i / 10).filter((phi) =>
      fitsBudget(scaleTo(subject, phi), budget),
    );
    expect(largestThatFits(subject, budget)?.phi).toBe(tenths.at(-1));
  });

  it("gives nothing where nothing fits, and ends where nothing grows", () => {
    expect(largestThatFits(subject, { maxParams: 72_369 })).toBeUndefined();
    expect(largestThatFits(subject, { maxParams: 72_370 })?.params).toBe(72_370);
    const still = { ...subject, coefficients: { alpha: 1, beta: 1, gamma: 1 } };
    expect(largestThatFits(still, { maxParams: 1e6 })?.params).toBe(72_370);
  });

  it("ends at the largest size there is where the budget has room for more", () => {
    const best = largestThatFits({ ...subject, coefficients: { alpha: 4, beta: 1, gamma: 1 } }, { maxMacs: 1e18 });
    expect([best?.phi, best?.skeleton.cellsPerStack]).toEqual([4, 256]);
  });

  it("refuses a budget without bounds", () => {
    expect(() => largestThatFits(subject, {})).toThrow(/maxParams, maxMacs or maxMemory/);
    expect(() => largestThatFits(subject, { maxMacs: -1 })).toThrow(/maxMacs {2}Expected a number greater than 0/);
  });
});
