/** @file How fast a network trains and predicts on this machine. */
import { formatBytes, formatCount } from "../base/units.ts";
import { renderTable } from "./table.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { createRng } from "../base/rng.ts";
import type { NativeProfile } from "../engines/index.ts";
import { inferShapes, type Network } from "../network/index.ts";
import { medianMs } from "../study/measure-latency.ts";

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
  /** Where a training step's time goes, by kind of kernel: native engine only, and where its kernels have a clock. */
  readonly kernels?: NativeProfile;
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
  const { openEngine, profileNative } = await import("../engines/index.ts");
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
    const trainStepMs = await steadyMs(() =>
      session.trainStep({ size: batch, images, labels }, { learningRate: 0.01, dropPathRate: 0, step: step++ }),
    );
    const predictMs = await steadyMs(() => session.predict(images, batch));
    const kernels = engine.name === "native" ? await profileNative(network, { batch }) : undefined;
    return {
      engine: engine.name,
      target: engine.target,
      batch,
      trainStepMs,
      predictMs,
      trainImagesPerSecond: (1000 * batch) / trainStepMs,
      predictImagesPerSecond: (1000 * batch) / predictMs,
      estimatedMemoryBytes: engine.estimateMemory(network, batch).bytes,
      ...(kernels && { kernels }),
    };
  } finally {
    await session.close();
  }
}

async function steadyMs(run: () => Promise<unknown>): Promise<number> {
  await run();
  return await medianMs(STEPS, run, () => performance.now());
}

/** Returns the lines for people. */
export function timingLines(timing: NetworkTiming, dim: (text: string) => string = (text) => text): string[] {
  const rate = (value: number): string => `${formatCount(Math.round(value))} img/s`;
  return [
    `${timing.engine} engine (${timing.target}), batch ${timing.batch}`,
    `  training   ${rate(timing.trainImagesPerSecond)}  (${timing.trainStepMs.toFixed(1)} ms a step)`,
    `  inference  ${rate(timing.predictImagesPerSecond)}  (${timing.predictMs.toFixed(1)} ms a batch)`,
    `  memory     ${formatBytes(timing.estimatedMemoryBytes)} by the plan`,
    ...(timing.kernels === undefined ? [] : ["", ...kernelLines(timing.kernels, dim)]),
  ];
}

/** What a kernel takes beside the least it could: its arithmetic at the core's peak, or its bytes at the memory's. */
function kernelLines(profile: NativeProfile, dim: (text: string) => string): string[] {
  const { peaks, kernels } = profile;
  const sum = kernels.reduce((total, kernel) => total + kernel.ms, 0);
  const giga = (value: number): string => (value / 1e9).toFixed(value < 1e10 ? 1 : 0);
  const rows = kernels
    .filter((kernel) => kernel.ms >= sum / 1000)
    .map((kernel) => [
      kernel.kind,
      String(kernel.operations),
      kernel.ms.toFixed(1),
      `${((100 * kernel.ms) / sum).toFixed(1)}%`,
      giga(kernel.flops),
      giga((1000 * kernel.flops) / kernel.ms),
      formatBytes(kernel.bytes),
      giga((1000 * kernel.bytes) / kernel.ms),
      `${((100 * kernel.boundMs) / kernel.ms).toFixed(0)}% of ${kernel.boundBy}`,
    ]);
  const right = "right" as const;
  return [
    dim(
      `one training step on one core: at most ${giga(peaks.flopsPerSecond)} GFLOP/s of arithmetic, ${giga(peaks.bytesPerSecond)} GB/s from and to memory, both measured just now`,
    ),
    ...renderTable(
      [
        { title: "kernel" },
        { title: "operations", align: right },
        { title: "ms", align: right },
        { title: "share", align: right },
        { title: "GFLOP", align: right },
        { title: "GFLOP/s", align: right },
        { title: "moved", align: right },
        { title: "GB/s", align: right },
        { title: "of its bound" },
      ],
      rows,
      { dim },
    ),
    dim("moved counts what is found in cache, too: above 100% of memory a kernel works in cache"),
  ];
}
