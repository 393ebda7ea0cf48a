/** @file Every operation of the tfjs engine by itself against the reference engine: gradients and inference, on every installed backend. */
import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { openTfjsEngine } from "../../../src/engines/tfjs/index.ts";
import { network } from "../../../src/network/index.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { relativeDifference } from "../../support/compare.ts";
import { imageOps, randomBatch, randomCase, randomWeights, type Case } from "../../support/random-network.ts";
import { testedTfjsBackends } from "../../support/tfjs-backends.ts";

// Single precision against double over a few dozen products; batch norm over as few as two values magnifies it.
const TOLERANCE = 1e-3;

/** Compares loss, gradients and inference. */
async function compare(
  engine: Engine,
  test: Pick<Case, "seed" | "network" | "weights" | "batches">,
  about: string,
): Promise<void> {
  const { seed, network, weights, batches } = test;
  const [batch] = batches;
  if (!batch) throw new Error("no batch");
  const options = {
    batchSize: batch.size,
    seed,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
    weights,
  };
  const reference = await openReferenceEngine().open(network, options);
  const tfjs = await engine.open(network, options);
  const step = { step: 0, learningRate: 0.1, dropPathRate: 0.3 };
  const expected = await reference.gradients(batch, step);
  const given = await tfjs.gradients(batch, step);
  expect(relativeDifference([given.loss], [expected.loss]), about).toBeLessThan(TOLERANCE);
  for (const [name, gradient] of expected.gradients) {
    const difference = relativeDifference(given.gradients.get(name) as Float32Array, gradient, 1e-2);
    expect(difference, `${about}: ${name}`).toBeLessThan(TOLERANCE);
  }
  const a = await reference.predict(batch.images, batch.size);
  const b = await tfjs.predict(batch.images, batch.size);
  expect(relativeDifference(b, a, 1e-1), about).toBeLessThan(TOLERANCE);
  await tfjs.close();
}

describe.each(testedTfjsBackends())("tfjs on %s agrees with the reference", (backend) => {
  it.each(imageOps)("in %s", async (kind) => {
    const engine = await openTfjsEngine(backend);
    for (let seed = 0; seed < 12; seed++) {
      const test = randomCase(seed, { length: 2, ops: [kind], auxiliary: true, stem: true });
      const about = test.network.nodes
        .filter((node) => node.op === kind)
        .map((node) => JSON.stringify(node.attributes));
      await compare(engine, test, `seed ${seed}: ${about.join(" ")}`);
    }
  });

  it("in any valid network", async () => {
    const engine = await openTfjsEngine(backend);
    for (let seed = 0; seed < 40; seed++) {
      const rng = createRng(`any/${seed}`);
      const network = anyNetwork(rng.fork("network"), { length: 12, mostNumbers: 1000 });
      const weights = randomWeights(network, rng.fork("weights"));
      await compare(engine, { seed, network, weights, batches: [randomBatch(network, 2, rng)] }, network.name);
    }
  });

  it("in a network without weights, which a step leaves as it is", async () => {
    const weightless = network("weightless", [3, 3, 2], (net) => net.globalAvgPool("logits", net.input));
    const batch = randomBatch(weightless, 2, createRng("weightless"));
    const engine = await openTfjsEngine(backend);
    await compare(engine, { seed: 0, network: weightless, weights: new Map(), batches: [batch] }, "weightless");
    const session = await engine.open(weightless, {
      batchSize: 2,
      seed: 0,
      optimizer: { momentum: 0.9, nesterov: false, weightDecay: 0, clipNorm: 1 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    });
    const step = { step: 0, learningRate: 0.1, dropPathRate: 0 };
    const { loss } = await session.trainStep(batch, step);
    expect((await session.trainStep(batch, { ...step, step: 1 })).loss).toBe(loss);
    await session.close();
  });
});
