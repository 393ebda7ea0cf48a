/**
 * @file What a training will take, said before it starts. Memory comes from the engine's plan. Time comes from the work the network is,
 * and the speed at which this worker did such work before; the first time, from a few steps on a session of their own.
 */
import { createBatcher, epochShape, trainingBatches, type Dataset } from "../data/index.ts";
import { createRng } from "../base/rng.ts";
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Engine } from "../engines/engine.ts";
import { costOf, inferShapes, type Network } from "../network/index.ts";
import type { Recipe } from "../training/index.ts";
import { engineOptions } from "../training/recipe.ts";

/**
 * Work of one image's training step, in multiply-accumulates: three passes of the network's own (forward, and backward to inputs and to
 * weights), and for each value it stores the memory traffic's worth of about 60 (24 bytes at 10 GB/s against 25 G MAC/s).
 */
export function trainingWork(network: Network): number {
  let values = 0;
  for (const shape of inferShapes(network).values()) values += shape.reduce((a, b) => a * b, 1);
  return 3 * costOf(network).macs + 60 * values;
}

export interface TimeEstimator {
  /** Returns the time of training on this many images, or undefined before anything was measured. */
  trainMs(network: Network, images: number): number | undefined;
  /** Learns from a measurement. */
  learn(network: Network, images: number, ms: number): void;
}

/** Returns an estimator that knows nothing yet. Later measurements count more (weight 1/2). */
export function createTimeEstimator(): TimeEstimator {
  let msPerWork: number | undefined;
  return {
    trainMs: (network, images) => (msPerWork === undefined ? undefined : msPerWork * trainingWork(network) * images),
    learn(network, images, ms) {
      const measured = ms / (trainingWork(network) * images);
      msPerWork = msPerWork === undefined ? measured : (msPerWork + measured) / 2;
    },
  };
}

/** Returns how many images' training an epoch is worth: those it trains on, and a third for each that it evaluates (a forward pass). */
export function epochImages(dataset: Dataset, batchSize: number, evaluateOn: "validation" | "test"): number {
  const { steps, batch } = epochShape(dataset.train.size, batchSize);
  return steps * batch + dataset[evaluateOn].size / 3;
}

/** Images per step while probing: as in training. Steps: one to warm up, two measured; a slow first one is measurement enough. */
const PROBE_STEPS = 3;
const SLOW_STEP_MS = 2_000;

/** Times a few training steps on a session of their own, so that the training itself is not touched. Returns milliseconds per image. */
export async function probeImageMs(
  engine: Engine,
  network: Network,
  dataset: Dataset,
  recipe: Recipe,
  signal: AbortSignal,
): Promise<number> {
  const { batch } = epochShape(dataset.train.size, recipe.batchSize);
  const session = await engine.open(network, { batchSize: batch, seed: 0, ...engineOptions(recipe) });
  try {
    const batcher = createBatcher(dataset, dataset.train, batch);
    let best = Infinity;
    let step = 0;
    for (const images of trainingBatches(batcher, dataset.train.size, 0, recipe, createRng("probe"))) {
      const before = performance.now();
      await session.trainStep(images, { step, learningRate: 0, dropPathRate: 0 });
      best = Math.min(best, performance.now() - before);
      if (++step >= PROBE_STEPS || best > SLOW_STEP_MS || signal.aborted) break;
    }
    return best / batch;
  } finally {
    await session.close();
  }
}

export interface Limits {
  readonly memoryBytes?: number | undefined;
  readonly timeMs?: number | undefined;
}

/** Returns the stricter of two sets of limits. */
export function strictest(a: Limits, b: Limits): Limits {
  const least = (x: number | undefined, y: number | undefined) =>
    x === undefined ? y : y === undefined ? x : Math.min(x, y);
  return { memoryBytes: least(a.memoryBytes, b.memoryBytes), timeMs: least(a.timeMs, b.timeMs) };
}

/** Returns why a candidate may not start for its memory, or undefined. `baseBytes` is what the worker holds already. */
export function memoryObjection(planBytes: number, baseBytes: number, limits: Limits): string | undefined {
  if (limits.memoryBytes === undefined || planBytes + baseBytes <= limits.memoryBytes) return undefined;
  return (
    `needs about ${formatBytes(planBytes + baseBytes)} of memory (${formatBytes(planBytes)} by its plan, ${formatBytes(baseBytes)} for the worker), ` +
    `over the limit of ${formatBytes(limits.memoryBytes)}: not trained`
  );
}

/** Returns why a candidate may not start for its time, or undefined. */
export function timeObjection(estimatedMs: number, limits: Limits): string | undefined {
  if (limits.timeMs === undefined || estimatedMs <= limits.timeMs) return undefined;
  return `would train for about ${formatDuration(estimatedMs)}, over the limit of ${formatDuration(limits.timeMs)}: not trained`;
}
