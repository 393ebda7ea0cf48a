/** @file Twenty training steps of a small NASNet on every engine: the same losses, to a stated tolerance. */
import { nasnet } from "cellwright/spaces";
import { beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { openNativeEngine, openReferenceEngine, openTfjsEngine, type Engine } from "../../../src/engines/index.ts";
import type { Batch } from "../../../src/engines/engine.ts";
import { relativeDifference } from "../../support/compare.ts";
import { testedTfjsBackends } from "../../support/tfjs-backends.ts";

const STEPS = 20;
const BATCH = 8;
// Two stacks of small images: TensorFlow.js in plain JavaScript takes a second a step even so.
const skeleton = { input: [8, 8, 3], stacks: 2, cellsPerStack: 1, filters: 4 } as const;
const nasnetA = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, skeleton).network;
const optimizer = { momentum: 0.9, nesterov: true, weightDecay: 5e-4, clipNorm: 5 };
const loss = { labelSmoothing: 0.1, auxiliaryWeight: 0.4 };

// Single precision against double: the first losses differ by 1e-7, and training magnifies a difference of rounding from step to step. Seen:
// up to 1e-5 after twenty steps. A wrong gradient, decay or mask shows as 1e-2 within a few.
const LOSS = 2e-4;
// Moving statistics are twenty steps' sum.
const EVALUATION = 1e-3;
// Gradients of single weights: batch norm over 8 x 2 x 2 values magnifies rounding more than the loss shows.
const GRADIENT = 5e-3;

/** Ten classes that differ by a pattern under noise, so that there is something to learn. */
function batchOf(step: number): Batch {
  const rng = createRng("agreement").fork(step);
  const labels = Uint8Array.from({ length: BATCH }, () => rng.int(10));
  const pixels = 8 * 8 * 3;
  const images = Float32Array.from({ length: BATCH * pixels }, (_, i) => {
    const label = labels[Math.floor(i / pixels)] as number;
    return Math.sin((label + 1) * (i % pixels)) + 0.5 * rng.normal();
  });
  return { size: BATCH, images, labels };
}

interface Training {
  readonly losses: readonly number[];
  readonly evaluation: number;
}

async function train(engine: Engine): Promise<Training> {
  const session = await engine.open(nasnetA, { batchSize: BATCH, seed: 11, optimizer, loss });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const learningRate = 0.01 * (1 - step / STEPS);
    const options = { step, learningRate, dropPathRate: (0.3 * step) / STEPS };
    losses.push((await session.trainStep(batchOf(step), options)).loss);
  }
  const { loss: evaluation } = await session.evaluate(batchOf(STEPS));
  await session.close();
  return { losses, evaluation };
}

const engines: readonly (readonly [string, () => Promise<Engine>])[] = [
  ["native", () => openNativeEngine()],
  ...testedTfjsBackends().map((backend) => [`tfjs on ${backend}`, () => openTfjsEngine(backend)] as const),
];

describe("twenty steps of a small NASNet-A", () => {
  let reference: Training;
  beforeAll(async () => {
    reference = await train(openReferenceEngine());
  });

  it("learn something", () => {
    const mean = (losses: readonly number[]): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(mean(reference.losses.slice(-5))).toBeLessThan(mean(reference.losses.slice(0, 5)));
  });

  it.each(engines)("lose the same on %s as on the reference", async (_, open) => {
    const given = await train(await open());
    for (const [step, expected] of reference.losses.entries())
      expect(relativeDifference([given.losses[step] as number], [expected]), `step ${step}`).toBeLessThan(LOSS);
    expect(relativeDifference([given.evaluation], [reference.evaluation])).toBeLessThan(EVALUATION);
  });
});

describe("a random network of the NASNet space", () => {
  const seeds = [1, 2, 3];
  it.each(engines.flatMap(([name, open]) => seeds.map((seed) => [seed, name, open] as const)))(
    "%i has the same gradients on %s as on the reference",
    async (seed, _, open) => {
      const { network } = nasnet.decode(nasnet.sample(createRng(seed)), skeleton);
      const options = { batchSize: BATCH, seed, optimizer, loss };
      const step = { step: 5, learningRate: 0, dropPathRate: 0.3 };
      const oracle = await openReferenceEngine().open(network, options);
      const session = await (await open()).open(network, options);
      const expected = await oracle.gradients(batchOf(seed), step);
      const given = await session.gradients(batchOf(seed), step);
      expect(relativeDifference([given.loss], [expected.loss])).toBeLessThan(LOSS);
      for (const [name, gradient] of expected.gradients) {
        const difference = relativeDifference(given.gradients.get(name) as Float32Array, gradient, 1e-2);
        expect(difference, name).toBeLessThan(GRADIENT);
      }
      await session.close();
    },
  );
});
