/**
 * @file The tfjs engine against the reference engine on random networks over every operation, on every backend of TensorFlow.js that is
 * installed: gradients, losses of several steps, weights after them, inference, and no tensor left behind.
 */
import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { SessionOptions, StepOptions } from "../../../src/engines/engine.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { openTfjsEngine } from "../../../src/engines/tfjs/index.ts";
import { loadTfjs } from "../../../src/engines/tfjs/load.ts";
import { opKinds } from "../../../src/network/ops/table.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomCase } from "../../support/random-network.ts";
import { testedTfjsBackends } from "../../support/tfjs-backends.ts";

const cases = Array.from({ length: 25 }, (_, seed) => randomCase(100 + seed, { length: 8, batches: 3 }));

// Single precision (6e-8) against double: sums of some hundred products, through up to ten layers, and batch norm over as few as two values,
// which magnifies differences by the inverse of their spread.
const GRADIENT = 2e-3;
const VALUE = 2e-4;

function optionsOf(seed: number, size: number): Omit<SessionOptions, "weights"> {
  const rng = createRng(seed).fork("options");
  const momentum = rng.pick([0, 0.9]);
  return {
    batchSize: size,
    seed,
    optimizer: {
      momentum,
      nesterov: momentum > 0 && rng.next() < 0.5,
      weightDecay: rng.pick([0, 1e-2]),
      ...(rng.next() < 0.5 ? { clipNorm: 0.5 } : {}),
    },
    loss: { labelSmoothing: rng.pick([0, 0.1]), auxiliaryWeight: 0.4 },
  };
}

describe("random networks", () => {
  it("hold every operation", () => {
    const held = new Set(cases.flatMap(({ network }) => network.nodes.map((node) => node.op)));
    expect([...held].toSorted()).toEqual([...opKinds].toSorted());
  });
});

describe.each(testedTfjsBackends())("tfjs on %s agrees with the reference", (backend) => {
  it.each(cases.map((test) => [test.seed, test] as const))(
    "in network %i",
    async (_, { seed, network, weights, batches }) => {
      const [batch] = batches;
      if (!batch) throw new Error("no batch");
      const options = { ...optionsOf(seed, batch.size), weights };
      const reference = await openReferenceEngine().open(network, options);
      const tfjs = await (await openTfjsEngine(backend)).open(network, options);
      const first: StepOptions = { step: 0, learningRate: 0.05, dropPathRate: 0.3 };

      const expected = await reference.gradients(batch, first);
      const given = await tfjs.gradients(batch, first);
      expect(relativeDifference([given.loss], [expected.loss]), "loss").toBeLessThan(VALUE);
      expect([...given.gradients.keys()].toSorted()).toEqual([...expected.gradients.keys()].toSorted());
      for (const [name, gradient] of expected.gradients) {
        const difference = relativeDifference(given.gradients.get(name) as Float32Array, gradient, 1e-2);
        expect(difference, `gradient of ${name}`).toBeLessThan(GRADIENT);
      }

      const { tf } = await loadTfjs(backend);
      let tensors = 0;
      for (const [step, other] of batches.entries()) {
        const a = await reference.trainStep(other, { ...first, step });
        const b = await tfjs.trainStep(other, { ...first, step });
        expect(relativeDifference([b.loss], [a.loss], 1e-1), `loss of step ${step}`).toBeLessThan(GRADIENT);
        if (step > 0) expect(tf.memory().numTensors, "tensors").toBe(tensors);
        tensors = tf.memory().numTensors;
      }
      const expectedState = await reference.save();
      const state = await tfjs.save();
      for (const [name, values] of expectedState.weights)
        expect(relativeDifference(state.weights.get(name) as Float32Array, values, 1e-1), name).toBeLessThan(GRADIENT);
      const a = await reference.predict(batch.images, batch.size);
      const b = await tfjs.predict(batch.images, batch.size);
      expect(relativeDifference(b, a, 1e-1), "inference").toBeLessThan(GRADIENT);
      await tfjs.evaluate(batch);
      expect(tf.memory().numTensors, "tensors").toBe(tensors);
      await tfjs.close();
      await reference.close();
    },
  );
});
