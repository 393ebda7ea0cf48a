/** @file The macro chain: its size as published, what a genotype's layers and skips become, and that its networks train. */
import { expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights } from "cellwright/network";
import { macroChain } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";

/** All convolutions of 3x3, without skips. */
const plain = Object.fromEntries(macroChain.decisions.map(({ path }) => [path, 0]));

it("has 1.6e29 networks", () => {
  expect(macroChain.count()).toBe(6n ** 12n * 2n ** 66n);
  expect(Number(macroChain.count())).toBeCloseTo(1.6e29, -28);
});

it("is a chain, and a skip adds what is named", () => {
  const { network } = macroChain.decode(plain);
  expect(costOf(network).params).toBe(27 * 36 + 72 + 12 * (9 * 36 * 36 + 72) + 370);
  expect(network.nodes.some(({ op }) => op === "add")).toBe(false);
  const skipping = macroChain.decode({ ...plain, "layer9.skips.from0": 1, "layer9.skips.from8": 1 }).network;
  expect(skipping.nodes.find(({ id }) => id === "layer9/add")?.inputs).toEqual([
    "layer9/bn",
    "layer8/half0",
    "layer8/half8",
  ]);
});

it("halves the image at a third and at two thirds", () => {
  const shapes = inferShapes(macroChain.decode(plain).network);
  expect(["layer3/bn", "layer4/bn", "layer7/bn", "layer8/bn", "layer11/bn"].map((id) => shapes.get(id)?.[0])).toEqual([
    32, 16, 16, 8, 8,
  ]);
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const rng = createRng("macro-chain/engines");
  for (const seed of [0, 1, 2]) {
    const { network } = macroChain.decode(macroChain.sample(rng), { input: [8, 8, 3], filters: 4 });
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});

it("grows wider and for larger images", () => {
  const grown = macroChain.scaleSkeleton?.(macroChain.skeleton, { depth: 1.44, width: 1.21, resolution: 1.32 });
  // 42.2 pixels, to a multiple of the two pools' strides together.
  expect(grown).toEqual({ input: [44, 44, 3], classes: 10, filters: 44 });
});
