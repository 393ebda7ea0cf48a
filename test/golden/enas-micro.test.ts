/** @file The micro space of ENAS: its size as published, the published cells, how their inputs and loose ends are brought to one size, and that its networks train. */
import { expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, sumCosts } from "cellwright/network";
import { describeGenotype, enasMicro } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";

const enas = enasMicro.named["enas"] ?? {};

it("has 5,062,500,000,000 cells of each kind", () => {
  expect(enasMicro.count()).toBe(5_062_500_000_000n ** 2n);
});

it("has the published cells, whose loose ends are concatenated", () => {
  expect(describeGenotype(enasMicro, enas)).toBe(
    "normal: avg3(1)+sep3(1) · identity(1)+sep5(1) · identity(1)+sep5(0) · sep3(0)+sep5(1) · avg3(1)+sep5(0); " +
      "reduction: sep3(0)+sep3(0) · max3(1)+avg3(1) · sep5(0)+sep5(3) · sep3(0)+identity(1) · max3(1)+sep5(0)",
  );
  const shapes = inferShapes(enasMicro.decode(enas).network);
  expect(
    ["stem/bn", "cell4/output", "reduction0/output", "cell9/output", "reduction1/output", "cell14/output"].map((id) =>
      shapes.get(id),
    ),
  ).toEqual([
    [32, 32, 108],
    [32, 32, 180],
    [16, 16, 288],
    [16, 16, 360],
    [8, 8, 576],
    [8, 8, 720],
  ]);
});

it("has the weights that its rules give", () => {
  const { network } = enasMicro.decode(enas);
  const below = (path: string): number =>
    sumCosts(costOf(network).nodes.filter(({ id }) => id.startsWith(`${path}/`))).params;
  const norm = 2 * 36;
  const separable = (side: number): number => 2 * (side * side * 36 + 36 * 36 + norm);
  const projection = (from: number): number => from * 36 + norm;
  // Both inputs have the stem's channels, and the current one is projected twice.
  const inputs = 2 * projection(108) + projection(36);
  expect(below("cell0")).toBe(inputs + 2 * separable(3) + 4 * separable(5));
  expect(costOf(network).nodes.find(({ id }) => id === "head/dense")?.params).toBe(720 * 10);
  // No count of this network is published to the digit: this one stands for the rules above, in all cells.
  expect(costOf(network)).toMatchObject({ params: 3_894_372, macs: 620_907_552 });
});

it("halves an input that is a loose end of a reduction", () => {
  // No node reads state 1 of the reduction: all of its inputs are state 0.
  const zeros = Object.fromEntries(
    Object.keys(enas).map((path) => [path, /^reduction\..*Input$/.test(path) ? 0 : (enas[path] as number)]),
  );
  const shapes = inferShapes(enasMicro.decode(zeros, { filters: 4 }).network);
  expect(shapes.get("reduction0/end1/bn")).toEqual([16, 16, 8]);
  expect(shapes.get("reduction0/output")).toEqual([16, 16, 48]);
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const rng = createRng("enas-micro/engines");
  for (const seed of [0, 1, 2, 3]) {
    const skeleton = { input: [8, 8, 3], cellsPerStack: 1, filters: 4, dropout: 0 } as const;
    const { network } = enasMicro.decode(seed === 0 ? enas : enasMicro.sample(rng), skeleton);
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});

it("grows with phi, and names what is wrong with a skeleton", () => {
  const grown = enasMicro.scaleSkeleton?.(enasMicro.skeleton, { depth: 1.44, width: 1.21, resolution: 1.32 });
  expect(grown).toMatchObject({ cellsPerStack: 7, filters: 44, input: [44, 44, 3] });
  expect(() => enasMicro.decode(enas, { filters: 0, dropout: 1 })).toThrow(
    /skeleton\.filters {2}Expected a whole number of 1 or more\. Received: 0\.\nskeleton\.dropout {2}Expected a rate/,
  );
});
