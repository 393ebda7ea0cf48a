/** @file Twenty steps of training on the native engine against the reference engine: losses, and the weights at the end. */
import { nasnet } from "cellwright/spaces";
import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { Batch, OptimizerOptions } from "../../../src/engines/engine.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomBatch, randomSoftBatch } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

const STEPS = 20;

describeTargets("losses of 20 steps", ({ name, width }) => {
  test.each([
    ["Nesterov, decay and clipping", { momentum: 0.9, nesterov: true, weightDecay: 1e-3, clipNorm: 2 }],
    ["plain momentum", { momentum: 0.5, nesterov: false, weightDecay: 0 }],
    // Epsilons keep gradients that are rounding alone from steps of full length.
    ["RMSProp", { kind: "rmsprop", decay: 0.9, momentum: 0.9, epsilon: 1e-2, weightDecay: 1e-3, clipNorm: 2 }],
    ["AdamW", { kind: "adamw", beta1: 0.9, beta2: 0.99, epsilon: 1e-2, weightDecay: 1e-2 }],
  ] as readonly (readonly [string, OptimizerOptions])[])("%s", async (_title, optimizer) => {
    const { network } = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, {
      input: [12, 12, 3],
      cellsPerStack: 1,
      stacks: 2,
      filters: 4,
      dropout: 0.2,
    });
    const loss = { labelSmoothing: 0.1, auxiliaryWeight: 0 };
    const options = { batchSize: 8, seed: 2, optimizer, loss, averageDecay: 0.8 };
    const learningRate = optimizer.kind === "rmsprop" || optimizer.kind === "adamw" ? 2e-3 : 0.02;
    const native = await (await openNativeEngine({ target: `${name}:${width}` })).open(network, options);
    const reference = await openReferenceEngine().open(network, options);
    const batches = [0, 1, 2].map((i) => randomBatch(network, 8, createRng(i)));
    // A batch, one with soft targets, and two together, in turn.
    const soft = randomSoftBatch(network, 5, createRng(3));
    const given = [batches[0], randomSoftBatch(network, 8, createRng(1)), [soft, batches[2]]] as (Batch | Batch[])[];
    let worst = 0;
    let first = 0;
    let last = 0;
    // Sums of squares and averages need no more to go wrong.
    const count = optimizer.kind === undefined ? STEPS : 4;
    for (let i = 0; i < count; i++) {
      const batch = given[i % given.length] as Batch | Batch[];
      const step = { learningRate, dropPathRate: 0.2, step: i };
      const [a, b] = [await native.trainStep(batch, step), await reference.trainStep(batch, step)];
      worst = Math.max(worst, Math.abs(a.loss - b.loss) / b.loss);
      if (i === 0) first = b.loss;
      // The same batch as the first.
      if (i % given.length === 0) last = b.loss;
    }
    // It learns, so the steps were steps (four small ones under changing masks do not show it). Single precision's 1e-7 stays what it is here; a hundred times that is still far below any mistake.
    expect(last).toBeLessThan(count === STEPS ? first : 1.1 * first);
    expect(worst).toBeLessThan(1e-5);
    const [sa, sb] = [await native.save(), await reference.save()];
    for (const [weight, values] of sb.weights)
      expect(relativeDifference(sa.weights.get(weight) as Float32Array, values), weight).toBeLessThan(1e-3);
    for (const [weight, values] of sb.average ?? [])
      expect(relativeDifference(sa.average?.get(weight) as Float32Array, values), weight).toBeLessThan(1e-3);
    for (const average of [false, true]) {
      const [ea, eb] = [
        await native.evaluate(batches[0] as Batch, { average }),
        await reference.evaluate(batches[0] as Batch, { average }),
      ];
      expect(Math.abs(ea.loss - eb.loss) / eb.loss).toBeLessThan(1e-4);
    }
  });
});
