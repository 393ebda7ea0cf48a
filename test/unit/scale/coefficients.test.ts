/** @file The search for coefficients before anything is trained: the grid, sizes at equal cost, the plan, resized images, latency. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, initializeWeights, network } from "cellwright/network";
import { efficientnet, macroChain, nasnet } from "cellwright/spaces";
import {
  axisLine,
  coefficientGrid,
  growthOf,
  largestThatFits,
  largestWithinLatency,
  nearestMacs,
  networkAt,
  resizedInput,
  scaleTo,
  scalingPlan,
} from "cellwright/scale";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { expectAgreement } from "../../support/agreement.ts";
import { randomBatch } from "../../support/random-network.ts";

const genotype = nasnet.named["nasnet-a"] ?? {};
const subject = { space: nasnet, genotype, skeleton: { cellsPerStack: 1, filters: 8 } };

describe("the grid", () => {
  it("holds alpha x beta^2 x gamma^2 at 2, within the tolerance", () => {
    const grid = coefficientGrid();
    expect(grid).toHaveLength(22);
    // EfficientNet's own, 1.2 1.1 1.15, is between two of them: its growth is 1.92.
    expect(grid).toContainEqual({ alpha: 1.1, beta: 1.1, gamma: 1.2 });
    for (const point of grid) expect(Math.abs(growthOf(point) - 2)).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(coefficientGrid({ step: 0.05 })).toContainEqual({ alpha: 1.2, beta: 1.1, gamma: 1.15 });
    expect(coefficientGrid({ step: 0.5, tolerance: 0 })).toEqual([{ alpha: 2, beta: 1, gamma: 1 }]);
  });

  it("has every point that is within it", () => {
    const tenths = Array.from({ length: 13 }, (_, i) => (10 + i) / 10);
    const all = tenths.flatMap((alpha) =>
      tenths.flatMap((beta) => tenths.map((gamma) => growthOf({ alpha, beta, gamma }))),
    );
    const within = all.filter((growth) => Math.abs(growth - 2) <= 0.2 + 1e-6);
    expect(coefficientGrid({ tolerance: 0.2 })).toHaveLength(within.length);
  });

  it("refuses what leaves no grid", () => {
    expect(() => coefficientGrid({ step: 0 })).toThrow(/step {2}Expected a number from 0.01 to 1/);
    expect(() => coefficientGrid({ tolerance: -1 })).toThrow(/tolerance {2}Expected/);
    expect(() => coefficientGrid({ step: 0.3, tolerance: 0 })).toThrow(/leaves a point of the grid/);
  });
});

describe("equal multiply-accumulates", () => {
  it("are those nearest to the target along an axis, as trying all says", () => {
    const target = 4 * costOf(nasnet.decode(genotype, subject.skeleton).network).macs;
    const wide = Array.from({ length: 20 }, (_, i) => 8 + 2 * i).map((filters) => ({
      filters,
      macs: costOf(nasnet.decode(genotype, { ...subject.skeleton, filters }).network).macs,
    }));
    const off = ({ macs }: { macs: number }): number => Math.abs(Math.log(macs / target));
    const [best] = wide.toSorted((a, b) => off(a) - off(b));
    expect(nearestMacs(subject, axisLine("width"), target)?.size.skeleton.filters).toBe(best?.filters);
  });

  it("are not to be had along an axis that a space does not have", () => {
    const chain = { space: macroChain, genotype: macroChain.sample(createRng(0)) };
    expect(nearestMacs(chain, axisLine("depth"), 60e6)).toBeUndefined();
    expect(scalingPlan(chain, { levels: [1, 2] }).lacking).toEqual(["depth at 2x", "depth at 4x"]);
  });
});

describe("the plan", () => {
  const plan = scalingPlan(subject, { levels: [2] });
  const grid = plan.grid.map((index) => plan.points[index]);

  it("has every network of the grid once, with the points that round to it", () => {
    const skeletons = grid.map((point) => JSON.stringify(point?.size.skeleton));
    expect(new Set(skeletons).size).toBe(grid.length);
    expect(grid.reduce((sum, point) => sum + 1 + (point?.same.length ?? 0), 0)).toBe(22);
    // One cell per stack stays one cell at 1.1 to 1.4: a third of the grid is nobody's own.
    expect(grid.length).toBeLessThan(15);
  });

  it("stands under the coefficients that rounding moved least", () => {
    const wider = grid.find((point) => point?.size.skeleton["filters"] === 12);
    expect(wider?.coefficients).toEqual({ alpha: 1, beta: 1.4, gamma: 1 });
    expect(wider?.same).toEqual([{ alpha: 1.4, beta: 1.2, gamma: 1 }].slice(0, wider?.same.length));
  });

  it("says which points are off the level, by a stated tolerance", () => {
    for (const point of plan.points) {
      const level = plan.searchedMacs * 2 ** point.level;
      expect(point.macsRatio).toBeCloseTo(point.size.macs / level, 12);
      expect(point.isOnTarget).toBe(Math.abs(point.size.macs / level - 1) <= 0.15);
    }
    expect(grid.some((point) => point?.isOnTarget === false)).toBe(true);
    expect(grid.some((point) => point?.isOnTarget === true)).toBe(true);
  });

  it("compares at the levels asked for and at the grid's", () => {
    const alone = plan.points.filter(({ method }) => method !== "compound" && method !== "searched");
    expect(alone.map(({ name }) => name)).toEqual(
      ["depth", "width", "resolution"].flatMap((axis) => [`${axis} at 2x`, `${axis} at 4x`]),
    );
    expect(plan.further).toEqual([2]);
    const further = plan.compoundAt({ alpha: 1, beta: 1.3, gamma: 1.1 }, 2);
    expect(further).toMatchObject({ level: 2, method: "compound", isOnTarget: true });
    expect(further.size.phi).toBeGreaterThan(1.5);
  });

  it("tells networks apart where the skeleton's multipliers are rounded by decode", () => {
    const b0 = { space: efficientnet, genotype: efficientnet.named["efficientnet-b0"] ?? {} };
    const { points, grid: indices } = scalingPlan(b0, { levels: [1] });
    const networks = indices.map((index) => JSON.stringify(networkAt(b0, points[index]!.size as never).nodes));
    expect(new Set(networks).size).toBe(networks.length);
    expect(points.find(({ name }) => name === "2 1 1")?.size.notes).toEqual([]);
  });

  it("refuses levels and tolerances that make no sense", () => {
    expect(() => scalingPlan(subject, { levels: [0] })).toThrow(/levels {2}Expected whole numbers from 1 to 8/);
    expect(() => scalingPlan(subject, { macsTolerance: 0 })).toThrow(/macsTolerance {2}Expected/);
  });
});

describe("an input resized", () => {
  const small = network("small", [6, 6, 3], (net) =>
    net.dense("dense", net.globalAvgPool("pool", net.conv("conv", net.input, { filters: 4, kernel: 3 })), {
      units: 3,
    }),
  );

  it("leaves the weights as they were and is the network itself at its own size", () => {
    const resized = resizedInput(small, [4, 4]);
    expect(resized.nodes.slice(0, 2)).toMatchObject([
      { op: "input", attributes: { shape: [4, 4, 3] } },
      { id: "resize", op: "adaptiveAvgPool", attributes: { size: [6, 6] } },
    ]);
    expect(costOf(resized)).toMatchObject({ params: costOf(small).params, macs: costOf(small).macs });
    expect([...initializeWeights(resized, 1).keys()]).toEqual([...initializeWeights(small, 1).keys()]);
    expect(resizedInput(small, [6, 6])).toBe(small);
  });

  it("computes alike on both engines, made larger and made smaller", async () => {
    const native = await openNativeEngine();
    for (const side of [4, 9]) {
      const resized = resizedInput(small, [side, side]);
      const weights = initializeWeights(resized, 3);
      const batches = [randomBatch(resized, 4, createRng("resized"))];
      await expectAgreement(native, openReferenceEngine(), { seed: 3, network: resized, weights, batches });
    }
  });

  it("is only for images", () => {
    const flat = network("flat", [5], (net) => net.dense("dense", net.input, { units: 2 }));
    expect(() => resizedInput(flat, [4, 4])).toThrow(/flat: input {2}Expected an image/);
  });
});

describe("a limit of latency", () => {
  /** A machine on which a network takes as long as it has multiply-accumulates. */
  const steady = async (net: Parameters<typeof costOf>[0]): Promise<number> => costOf(net).macs / 1e6;

  it("finds the largest tenth of phi within it, by few measurements", async () => {
    for (const limit of [14, 40, 100, 500]) {
      let measured = 0;
      const found = await largestWithinLatency(subject, limit, async (net) => {
        measured++;
        return steady(net);
      });
      const same = largestThatFits(subject, { maxMacs: limit * 1e6 });
      expect(found.best?.size.phi).toBe(same?.phi);
      expect(found.best?.latencyMs).toBeLessThanOrEqual(limit);
      // Leaps of two doublings up to 500 MMAC, then a bracket of some twenty tenths halved.
      expect(measured).toBeLessThanOrEqual(9);
    }
  });

  it("believes what it measured: the size found was within the limit", async () => {
    const rng = createRng("noise");
    const noisy = async (net: Parameters<typeof costOf>[0]): Promise<number> =>
      (await steady(net)) * (0.8 + 0.4 * rng.next());
    const { best, measured } = await largestWithinLatency(subject, 80, noisy);
    expect(best?.latencyMs).toBeLessThanOrEqual(80);
    expect(measured.map(({ size }) => size.phi)).toContain(best?.size.phi);
  });

  it("stays within what other bounds allow, and finds nothing where phi 0 is too slow", async () => {
    const capped = await largestWithinLatency(subject, 1e6, steady, 1.3);
    expect(capped.best?.size.phi).toBe(1.3);
    expect((await largestWithinLatency(subject, 13, steady)).best).toBeUndefined();
    await expect(largestWithinLatency(subject, 0, steady)).rejects.toThrow(/maxLatencyMs {2}Expected/);
  });
});

it("a limit of memory holds for what is handed over to count it", () => {
  const memoryOf = (net: Parameters<typeof costOf>[0]): number => 4 * costOf(net).params;
  const best = largestThatFits(subject, { maxMemory: 4e6, memoryOf });
  expect(best?.phi).toBe(largestThatFits(subject, { maxParams: 1e6 })?.phi);
  expect(scaleTo(subject, (best?.phi ?? 0) + 0.1).params).toBeGreaterThan(1e6);
});
