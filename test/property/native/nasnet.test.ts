/** @file Random networks of the NASNet space, all thirteen operations and both combiners, whole and for several steps, against the reference engine. */
import { nasnet } from "cellwright/spaces";
import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import type { Network } from "../../../src/network/network.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

const options = {
  seed: 11,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 5e-4, clipNorm: 5 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};

// An odd size, an odd filter count, and one that fills vectors; odd sides meet every border that strided windows have.
const skeletons = [
  { input: [12, 12, 3], filters: 5 },
  { input: [9, 11, 3], filters: 4 },
  { input: [16, 16, 3], filters: 8 },
  { input: [20, 20, 1], filters: 6, dropout: 0.3 },
] as const;

function randomNasnet(seed: number): Network {
  const rng = createRng(seed).fork("nasnet");
  const skeleton = skeletons[seed % skeletons.length] as (typeof skeletons)[number];
  const genotype = nasnet.sample(rng);
  return nasnet.decode(genotype, { cellsPerStack: 1, stacks: 2, ...skeleton }).network;
}

describeTargets("random NASNet networks", ({ name, width }) => {
  test.each([0, 1, 2, 3])("gradients and inference of network %i", async (seed) => {
    const network = randomNasnet(seed + 10 * width);
    const rng = createRng(seed);
    const weights = randomWeights(network, rng.fork("weights"));
    const batch = randomBatch(network, 3, rng.fork("batch"));
    const native = await (
      await openNativeEngine({ target: `${name}:${width}` })
    ).open(network, { ...options, weights, batchSize: 4 });
    const reference = await openReferenceEngine().open(network, { ...options, weights, batchSize: 4 });
    const [a, b] = [await native.predict(batch.images, 3), await reference.predict(batch.images, 3)];
    // Some 40 layers in single precision, each about 1e-7 off.
    expect(relativeDifference(a, b)).toBeLessThan(1e-4);
    const step = { learningRate: 0, dropPathRate: 0.4, step: 7 };
    const [ga, gb] = [await native.gradients(batch, step), await reference.gradients(batch, step)];
    expect(Math.abs(ga.loss - gb.loss) / gb.loss).toBeLessThan(1e-5);
    // Gradients go through two batch norms a layer of a batch of three: what cancels there is left with 1e-3 of its size.
    for (const [weight, values] of gb.gradients)
      expect(relativeDifference(ga.gradients.get(weight) as Float32Array, values), weight).toBeLessThan(5e-3);
    await native.close();
  });
});

test("NASNet-A's auxiliary head trains as the reference's", async () => {
  const network = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, {
    input: [20, 20, 3],
    cellsPerStack: 1,
    filters: 4,
    auxiliary: true,
  }).network;
  expect(network.outputs.auxiliary).toBeDefined();
  const rng = createRng(3);
  const weights = randomWeights(network, rng.fork("weights"));
  const batch = randomBatch(network, 4, rng.fork("batch"));
  const native = await (await openNativeEngine()).open(network, { ...options, weights, batchSize: 4 });
  const reference = await openReferenceEngine().open(network, { ...options, weights, batchSize: 4 });
  const step = { learningRate: 0, dropPathRate: 0.4, step: 7 };
  const [ga, gb] = [await native.gradients(batch, step), await reference.gradients(batch, step)];
  expect(Math.abs(ga.loss - gb.loss) / gb.loss).toBeLessThan(1e-5);
  for (const [weight, values] of gb.gradients)
    expect(relativeDifference(ga.gradients.get(weight) as Float32Array, values), weight).toBeLessThan(5e-3);
  await native.close();
});
