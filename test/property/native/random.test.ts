/** @file Every kernel, forward and gradient, on every target, against the reference engine: random networks over every operation and random windows. */
import { expect, test } from "vitest";
import type { Engine } from "../../../src/engines/engine.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomCase, type Case, type RandomNetworkOptions } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

const options = {
  seed: 5,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};
const step = { learningRate: 0.01, dropPathRate: 0.3, step: 3 };

async function compare(engine: Engine, { network, weights, batches, seed }: Case): Promise<void> {
  const [batch] = batches as [Case["batches"][number]];
  const session = { ...options, weights, batchSize: batch.size };
  const native = await engine.open(network, session);
  const reference = await openReferenceEngine().open(network, session);
  const { images, size } = batch;
  // A dozen layers in single precision against double: 1e-6 is usual, products of products reach 1e-4.
  const place = `network ${seed}`;
  expect(
    relativeDifference(await native.predict(images, size), await reference.predict(images, size)),
    place,
  ).toBeLessThan(1e-3);
  const [a, b] = [await native.gradients(batch, step), await reference.gradients(batch, step)];
  expect(Math.abs(a.loss - b.loss), place).toBeLessThan(1e-3 * Math.max(1, b.loss));
  // Through batch norms of two examples gradients all but cancel; what is left keeps three digits. What cancels wholly (a bias before a batch norm: zero
  // in exact arithmetic) leaves the rounding of its terms, which are as large as other gradients: hence the floor, 5e-5 of the largest of all.
  const largest = [...b.gradients.values()].reduce(
    (most, values) => values.reduce((m, v) => Math.max(m, Math.abs(v)), most),
    0,
  );
  const floor = Math.max(1e-3, largest / 100);
  for (const [name, values] of b.gradients)
    expect(relativeDifference(a.gradients.get(name) as Float32Array, values, floor), `${place}: ${name}`).toBeLessThan(
      5e-3,
    );
  await native.close();
}

describeTargets("agreement with the reference", ({ name, width }) => {
  const sets: readonly (readonly [string, number, RandomNetworkOptions])[] = [
    ["every operation", 60, { length: 10, stem: true, auxiliary: true }],
    [
      "convolutions",
      30,
      { length: 3, stem: true, maxSide: 21, ops: ["conv", "batchNorm", "activation", "conv"], activations: ["relu"] },
    ],
    [
      "depthwise convolutions",
      30,
      {
        length: 3,
        stem: true,
        maxSide: 21,
        ops: ["depthwiseConv", "batchNorm", "activation"],
        activations: ["relu", "swish"],
      },
    ],
    ["pools", 20, { length: 3, stem: true, maxSide: 21, ops: ["maxPool", "avgPool", "add", "batchNorm"] }],
    [
      "windows and moves",
      20,
      { length: 6, stem: true, maxSide: 9, ops: ["slice", "pad", "zero", "concat", "conv", "multiply"] },
    ],
  ];
  test.each(sets)("%s", async (title, count, network) => {
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    for (let i = 0; i < count; i++) await compare(engine, randomCase(1000 * width + 37 * title.length + i, network));
  });
});
