/** @file Whether two engines agree on a network: inference, loss and every gradient. */
import { expect } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { createRng } from "../../src/base/rng.ts";
import { relativeDifference } from "./compare.ts";
import { nudged, NUDGES } from "./kinks.ts";
import type { Case } from "./random-network.ts";

const options = {
  seed: 5,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};
const step = { learningRate: 0.01, dropPathRate: 0.3, step: 3 };

type Gradients = ReadonlyMap<string, Float32Array>;

/** Says where two engines' gradients differ by more than rounding, or nothing. */
function differenceOf(gradients: Gradients, expected: Gradients): string | undefined {
  // Through batch norms of two examples gradients all but cancel; what is left keeps three digits. What cancels wholly (a bias before a batch norm: zero
  // in exact arithmetic) leaves the rounding of its terms, which are as large as other gradients: hence the floor, 5e-5 of the largest of all.
  const largest = [...expected.values()].reduce(
    (most, values) => values.reduce((m, v) => Math.max(m, Math.abs(v)), most),
    0,
  );
  const floor = Math.max(1e-3, largest / 100);
  for (const [name, values] of expected) {
    const difference = relativeDifference(gradients.get(name) as Float32Array, values, floor);
    if (!(difference < 5e-3)) return `${name} by ${difference}`;
  }
  return undefined;
}

/** Expects two engines to give the same logits, loss and gradients on a network; at a kink, the gradients on one side of it. */
export async function expectAgreement(
  engine: Engine,
  other: Engine,
  { network, weights, batches, seed }: Case,
): Promise<void> {
  const [batch] = batches as [Case["batches"][number]];
  const session = { ...options, weights, batchSize: batch.size };
  const first = await engine.open(network, session);
  const second = await other.open(network, session);
  const { images, size } = batch;
  // A dozen layers in single precision against double: 1e-6 is usual, products of products reach 1e-4.
  const place = `network ${seed}`;
  expect(relativeDifference(await first.predict(images, size), await second.predict(images, size)), place).toBeLessThan(
    1e-3,
  );
  const [a, b] = [await first.gradients(batch, step), await second.gradients(batch, step)];
  expect(Math.abs(a.loss - b.loss), place).toBeLessThan(1e-3 * Math.max(1, b.loss));
  const difference = differenceOf(a.gradients, b.gradients);
  let isOther = difference !== undefined;
  for (let nudge = 0; isOther && nudge < NUDGES; nudge++) {
    const near = nudged(weights, createRng(place).fork(nudge), nudge);
    const beside = await other.open(network, { ...session, weights: near });
    const { gradients } = await beside.gradients(batch, step);
    isOther = differenceOf(a.gradients, gradients) !== undefined;
    await beside.close();
  }
  expect(isOther, `${place}: ${difference}`).toBe(false);
  await Promise.all([first.close(), second.close()]);
}
