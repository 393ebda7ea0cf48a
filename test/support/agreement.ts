/** @file Whether two engines agree on a network: inference, loss and every gradient. */
import { expect } from "vitest";
import type { Batch, Engine, SessionOptions } from "../../src/engines/engine.ts";
import type { Network } from "../../src/network/index.ts";
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

/** Points beside a kink at which engines that agree but for it agree: a deep network on eight images meets several kinks at once, and no one nudge need put all of them on the same sides. */
const AGREEMENTS = 3;

async function gradientsOf(
  engine: Engine,
  network: Network,
  options: SessionOptions,
  batch: Batch,
): Promise<Gradients> {
  const session = await engine.open(network, options);
  const { gradients } = await session.gradients(batch, step);
  await session.close();
  return gradients;
}

/** Expects two engines to give the same logits, loss and gradients on a network; at a kink, the gradients on one side of it, or the same at points beside it. */
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
  let agreements = 0;
  for (let nudge = 0; isOther && nudge < NUDGES; nudge++) {
    const near = { ...session, weights: nudged(weights, createRng(place).fork(nudge), nudge) };
    const [own, beside] = [
      await gradientsOf(engine, network, near, batch),
      await gradientsOf(other, network, near, batch),
    ];
    if (differenceOf(own, beside) === undefined) agreements++;
    isOther = differenceOf(a.gradients, beside) !== undefined && agreements < AGREEMENTS;
  }
  expect(isOther, `${place}: ${difference}`).toBe(false);
  await Promise.all([first.close(), second.close()]);
}
