/** @file How long one image takes through a network on this machine: what `constraints.maxLatencyMs` limits, and the objective `latencyMs`. */
import { createRng } from "../base/rng.ts";
import { CellwrightError } from "../base/errors.ts";
import { exportOnnx } from "../export/index.ts";
import { inferShapes, initializeWeights, type Network } from "../network/index.ts";
import type { Constraints } from "./definition.ts";
import { findOnnxruntime, installOnnxruntime, openOnnxModel } from "./onnxruntime.ts";

/** Forward passes that are timed, after `WARM_UP` that are not. */
export const LATENCY_RUNS = 11;
const WARM_UP = 3;

/**
 * Returns the median of the times of single forward passes on the native engine, in milliseconds. Opening takes longer than passing. What runs beside it shares the machine's caches
 * and memory with it, so a study measures while no trial runs and no worker is being started; who takes trials by hand sees to that alone.
 */
export async function measureLatency(network: Network): Promise<number> {
  const { openEngine } = await import("../engines/index.ts");
  const engine = await openEngine("native");
  const session = await engine.open(network, {
    batchSize: 1,
    seed: 0,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    training: false,
  });
  try {
    const input = network.nodes.find(({ op }) => op === "input");
    const shape = (input && inferShapes(network).get(input.id)) ?? [];
    const rng = createRng("latency");
    const image = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal());
    for (let i = 0; i < WARM_UP; i++) await session.predict(image, 1);
    return await medianMs(
      LATENCY_RUNS,
      () => session.predict(image, 1),
      () => performance.now(),
    );
  } finally {
    await session.close();
  }
}

/**
 * Returns what measures the latency that these constraints limit. Throws `config`, saying what to install, where they limit one in a runtime that is not here: else every
 * candidate would be refused for it.
 */
export function latencyMeasure(constraints: readonly Constraints[]): (network: Network) => Promise<number> {
  const runtime = constraints.findLast(({ latencyRuntime }) => latencyRuntime !== undefined)?.latencyRuntime;
  if (runtime !== "onnxruntime" || constraints.every(({ maxLatencyMs }) => maxLatencyMs === undefined))
    return measureLatency;
  const entry = findOnnxruntime();
  if (entry === undefined)
    throw new CellwrightError(
      "config",
      `constraints.latencyRuntime  Expected onnxruntime-node for "onnxruntime". Received: it is not installed. Install it: ${installOnnxruntime}`,
    );
  return async (network) => await measureInOnnxruntime(entry, network);
}

/** The same as `measureLatency` in ONNX Runtime, on one thread of the CPU, of the network's ONNX export with first values as weights. */
async function measureInOnnxruntime(entry: string, network: Network): Promise<number> {
  const files = exportOnnx(network, initializeWeights(network, 0));
  const model = await openOnnxModel(entry, files.get("model.onnx") ?? new Uint8Array());
  try {
    const shape = network.nodes.flatMap((node) => (node.op === "input" ? [node.attributes.shape] : []))[0] ?? [0];
    const rng = createRng("latency");
    const image = Float32Array.from({ length: shape.reduce<number>((a, b) => a * b, 1) }, () => rng.normal());
    const sides = shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
    const run = (): Promise<unknown> => model.logits(image, [1, ...sides]);
    for (let i = 0; i < WARM_UP; i++) await run();
    return await medianMs(LATENCY_RUNS, run, () => performance.now());
  } finally {
    await model.close();
  }
}

/** Returns the median time of an odd number of runs, by a clock in milliseconds. */
export async function medianMs(repeats: number, run: () => Promise<unknown>, now: () => number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const begun = now();
    await run();
    times.push(now() - begun);
  }
  return times.toSorted((a, b) => a - b)[(repeats - 1) / 2] ?? 0;
}
