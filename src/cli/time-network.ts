/** @file How fast a network trains and predicts on this machine. */
import { formatBytes, formatCount } from "../base/units.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { createRng } from "../base/rng.ts";
import { inferShapes, type Network } from "../network/index.ts";

export interface NetworkTiming {
  readonly engine: string;
  readonly target: string;
  readonly batch: number;
  /** Median over the steps timed. */
  readonly trainStepMs: number;
  readonly predictMs: number;
  readonly trainImagesPerSecond: number;
  readonly predictImagesPerSecond: number;
  readonly estimatedMemoryBytes: number;
}

const CHOICES = ["auto", "native", "tfjs", "reference"] as const;
/** After one step to warm up. */
const STEPS = 7;

/** Times training steps and inference on random images. Throws `config` for an unknown engine, `engine` where it can't run. */
export async function timeNetwork(
  network: Network,
  options: { readonly batch: number; readonly engine: string },
): Promise<NetworkTiming> {
  const choice = CHOICES.find((name) => name === options.engine);
  if (choice === undefined)
    throw new CellwrightError("config", expected("--engine", `one of ${CHOICES.join(", ")}`, options.engine));
  const { openEngine } = await import("../engines/index.ts");
  const engine = await openEngine(choice);
  const { batch } = options;
  const input = network.nodes.find((node) => node.op === "input");
  const shapes = inferShapes(network);
  const imageSize = (input === undefined ? [] : (shapes.get(input.id) ?? [])).reduce(
    (product, side) => product * side,
    1,
  );
  const classes = shapes.get(network.outputs.logits)?.[0] ?? 1;
  const rng = createRng("profile");
  const images = Float32Array.from({ length: batch * imageSize }, () => rng.normal());
  const labels = Int32Array.from({ length: batch }, () => rng.int(classes));
  const session = await engine.open(network, {
    batchSize: batch,
    seed: 0,
    optimizer: { momentum: 0.9, nesterov: true, weightDecay: 5e-4, clipNorm: 5 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0.4 },
  });
  try {
    let step = 0;
    const trainStepMs = await medianMs(() =>
      session.trainStep({ size: batch, images, labels }, { learningRate: 0.01, dropPathRate: 0, step: step++ }),
    );
    const predictMs = await medianMs(() => session.predict(images, batch));
    return {
      engine: engine.name,
      target: engine.target,
      batch,
      trainStepMs,
      predictMs,
      trainImagesPerSecond: (1000 * batch) / trainStepMs,
      predictImagesPerSecond: (1000 * batch) / predictMs,
      estimatedMemoryBytes: engine.estimateMemory(network, batch).bytes,
    };
  } finally {
    await session.close();
  }
}

async function medianMs(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const begun = performance.now();
    await run();
    times.push(performance.now() - begun);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(STEPS / 2)] ?? 0;
}

/** Returns the lines for people. */
export function timingLines(timing: NetworkTiming): string[] {
  const rate = (value: number): string => `${formatCount(Math.round(value))} img/s`;
  return [
    `${timing.engine} engine (${timing.target}), batch ${timing.batch}`,
    `  training   ${rate(timing.trainImagesPerSecond)}  (${timing.trainStepMs.toFixed(1)} ms a step)`,
    `  inference  ${rate(timing.predictImagesPerSecond)}  (${timing.predictMs.toFixed(1)} ms a batch)`,
    `  memory     ${formatBytes(timing.estimatedMemoryBytes)} by the plan`,
  ];
}
