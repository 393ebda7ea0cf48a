/** @file How long one image takes through a network on this machine: what `constraints.maxLatencyMs` limits. */
import { createRng } from "../base/rng.ts";
import { inferShapes, type Network } from "../network/index.ts";

/** Forward passes that are timed, after `WARM_UP` that are not. */
const REPEATS = 11;
const WARM_UP = 3;

/**
 * Returns the median of the times of single forward passes on the native engine, in milliseconds. Opening takes longer than passing. Workers that
 * train beside it share the machine's caches and memory with it: the measure is theirs, too.
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
      REPEATS,
      () => session.predict(image, 1),
      () => performance.now(),
    );
  } finally {
    await session.close();
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
