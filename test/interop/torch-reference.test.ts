/** @file The reference engine against PyTorch in double precision: every operation, logits, loss, all gradients, and several steps of SGD or AdamW. */
import { beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import type { LossOptions, OptimizerOptions, StepOptions } from "../../src/engines/engine.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { lossAndGradients, type Graph } from "../../src/engines/reference/pass.ts";
import { opKinds } from "../../src/network/ops/table.ts";
import { topologicalOrder } from "../../src/network/order.ts";
import { weightSpecs } from "../../src/network/weights.ts";
import { relativeDifference } from "../support/compare.ts";
import { requireTorch } from "../support/python.ts";
import { randomCase, randomSoftBatch } from "../support/random-network.ts";
import { runTorch, type TorchCase, type TorchResult } from "../support/torch-oracle.ts";

const torch = requireTorch();

function options(seed: number): { readonly optimizer: OptimizerOptions; readonly loss: LossOptions } {
  const rng = createRng(seed).fork("options");
  const momentum = rng.pick([0, 0.9]);
  const sgd = { momentum, nesterov: momentum > 0 && rng.next() < 0.5 };
  const common = { weightDecay: rng.pick([0, 1e-2]), ...(rng.next() < 0.5 ? { clipNorm: 0.5 } : {}) };
  // Epsilon keeps what is zero but for rounding (a bias before a batch norm) from steps of full length.
  const adamw = { kind: "adamw", beta1: 0.9, beta2: 0.99, epsilon: 1e-2 } as const;
  return {
    optimizer: { ...common, ...(seed % 3 === 2 ? adamw : sgd) },
    loss: { labelSmoothing: rng.pick([0, 0.1]), auxiliaryWeight: 0.4 },
  };
}

const cases: readonly TorchCase[] = Array.from({ length: 40 }, (_, seed) => {
  const { network, weights, batches: hard } = randomCase(seed, { length: 8, batches: 4 });
  const soft = createRng(seed).fork("soft");
  // One case in two has soft targets.
  const batches = seed % 2 === 0 ? hard : hard.map((batch, i) => randomSoftBatch(network, batch.size, soft.fork(i)));
  const steps = batches.map((_, step): StepOptions => ({ step, learningRate: 0.05 / (step + 1), dropPathRate: 0.3 }));
  return { network, weights, batches, steps, seed, ...options(seed) };
});

// Both compute in double precision; they differ by the order of their sums alone. Batch norm over a few nearly equal values magnifies that.
const DOUBLE = 1e-9;
// Weights are rounded to single precision after each step here and not there: 6e-8 a step, which the next steps magnify.
const AFTER_STEPS = 2e-5;

describe.skipIf(torch.skip)(torch.title("the reference engine agrees with PyTorch"), () => {
  let results: readonly TorchResult[] = [];
  beforeAll(() => {
    results = runTorch(torch.python, cases);
  });

  it("on networks that hold every operation", () => {
    const held = new Set(cases.flatMap(({ network }) => network.nodes.map((node) => node.op)));
    expect([...held].toSorted()).toEqual([...opKinds].toSorted());
  });

  it.each(cases.map((test) => [test.seed, test] as const))("in network %i", async (index, test) => {
    const theirs = results[index] as TorchResult;
    const { network, batches, steps, seed, loss, optimizer, weights } = test;
    const [batch] = batches;
    const [step] = steps;
    if (!batch || !step) throw new Error("no batch");

    const graph: Graph = { network, order: topologicalOrder(network), specs: weightSpecs(network) };
    const doubles = new Map(Array.from(weights, ([name, values]) => [name, Float64Array.from(values)]));
    const ours = lossAndGradients(graph, doubles, Float64Array.from(batch.images), batch, {
      loss,
      training: { seed, step: step.step, dropPathRate: step.dropPathRate },
    });
    expect(relativeDifference(ours.pass.logits().data, theirs.logits), "logits").toBeLessThan(DOUBLE);
    expect(relativeDifference([ours.loss], [theirs.losses[0] as number]), "loss").toBeLessThan(DOUBLE);
    expect(relativeDifference(ours.images, theirs.imageGradient), "image gradient").toBeLessThan(DOUBLE);
    expect([...ours.weights.keys()].toSorted()).toEqual([...theirs.gradients.keys()].toSorted());
    for (const [name, gradient] of ours.weights) {
      const other = theirs.gradients.get(name) as Float64Array;
      expect(relativeDifference(gradient, other), `gradient of ${name}`).toBeLessThan(DOUBLE);
    }

    const session = await openReferenceEngine().open(network, {
      batchSize: batch.size,
      seed,
      optimizer,
      loss,
      weights,
    });
    for (const [i, other] of batches.entries()) {
      const result = await session.trainStep(other, steps[i] as StepOptions);
      expect(relativeDifference([result.loss], [theirs.losses[i] as number]), `loss of step ${i}`).toBeLessThan(
        AFTER_STEPS,
      );
      expect(result.correct, `correct of step ${i}`).toBe(theirs.correct[i]);
    }
    const state = await session.save();
    for (const [name, values] of state.weights) {
      const other = theirs.weights.get(name) as Float64Array;
      expect(relativeDifference(values, other), `${name} after training`).toBeLessThan(AFTER_STEPS);
    }
    const inference = await session.predict(batch.images, batch.size);
    expect(relativeDifference(inference, theirs.inference), "inference").toBeLessThan(AFTER_STEPS);
  });
});
