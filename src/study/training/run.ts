/**
 * @file A training run from where it stands to its end: figures to its database and `metrics.csv`, checkpoints every few minutes, and the trained
 * network tested. Killed at any moment it goes on from its last checkpoint and ends with the bits of a run that was not interrupted.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../../base/canonical-json.ts";
import { epochShape } from "../../data/index.ts";
import {
  measureMetrics,
  readCheckpoint,
  train,
  writeCheckpoint,
  writeWeights,
  type EpochSummary,
  type TrainingState,
} from "../../training/index.ts";
import { engineOptions } from "../../training/recipe.ts";
import type { Weights } from "../../network/index.ts";
import type { TrainingEnding, TrainingEvent } from "./events.ts";
import { CHECKPOINT, type OpenTraining } from "./open.ts";
import { openRecorder } from "./recorder.ts";

export interface RunOptions {
  /** Minutes between checkpoints; 0 leaves one after every step. */
  readonly checkpointMinutes: number;
  /** Stops between two steps, after a checkpoint. */
  readonly signal: AbortSignal;
  readonly observe: (event: TrainingEvent) => void;
}

/** Where a run stands: finished epochs, and steps of the one after. */
export interface Standing {
  readonly history: readonly EpochSummary[];
  readonly steps: number;
}

/** Returns how far a run came, by its last checkpoint. Throws `data` for a broken one. */
export async function standingOf(run: OpenTraining): Promise<Standing & { readonly state: TrainingState | undefined }> {
  const checkpoint = await readCheckpoint(join(run.dir, CHECKPOINT), run.network);
  // One of another identity is left by a run whose folder was only half deleted.
  const state = checkpoint?.identity === run.identity ? checkpoint : undefined;
  return { history: state?.history ?? [], steps: state?.part?.steps ?? 0, state };
}

const MINUTE_MS = 60_000;

/** Runs to the end, or to where it is stopped. Leaves `weights.safetensors`. Throws what the engine throws. */
export async function runTraining(run: OpenTraining, options: RunOptions): Promise<TrainingEnding> {
  const { config, dir, network, dataset, engine, teacher, identity } = run;
  const { recipe, epochs, seed, largestPart } = config;
  const { signal, observe, checkpointMinutes } = options;
  const { steps: stepsPerEpoch } = epochShape(dataset.train.size, recipe.batchSize);
  const standing = await standingOf(run);
  const done = standing.history.length;
  const recorder = await openRecorder(run, { stepsPerEpoch, epochs }, done * stepsPerEpoch + standing.steps);
  let stopped = { epochs: done, steps: standing.steps };
  let kept = performance.now();
  const keep = async (state: TrainingState): Promise<void> => {
    recorder.flush();
    await writeCheckpoint(join(dir, CHECKPOINT), network, { identity, ...state });
    kept = performance.now();
    stopped = { epochs: state.history.length, steps: state.part?.steps ?? 0 };
    observe({ kind: "checkpoint", ...stopped });
  };
  try {
    const result = await train({
      engine,
      network,
      dataset,
      recipe,
      epochs,
      seed,
      largestPart,
      signal,
      keepWeights: true,
      ...(teacher && { teacher }),
      ...(standing.state && { continueFrom: standing.state }),
      onProgress: ({ fraction }) => observe({ kind: "progress", fraction }),
      onStep(figures) {
        recorder.step(figures);
        observe({ kind: "step", figures });
      },
      checkpoints: {
        isDue: () => signal.aborted || performance.now() - kept >= checkpointMinutes * MINUTE_MS,
        write: keep,
      },
      onEpoch: async (summary, snapshot): Promise<"continue"> => {
        const imagesPerSecond = await recorder.epoch(summary);
        observe({ kind: "epoch", summary, imagesPerSecond });
        // What comes after the last epoch is begun anew from here, not from minutes before.
        if (summary.epoch === epochs) await keep(await snapshot());
        return "continue";
      },
    });
    recorder.flush();
    if (result.state === "failed") return { state: "failed", reason: result.reason ?? "training failed" };
    if (result.state !== "complete" || result.weights === undefined) return { state: "stopped", ...stopped };
    const { weights, history } = result;
    await writeWeights(join(dir, "weights.safetensors"), network, weights, {
      mean: dataset.mean,
      std: dataset.std,
      classes: dataset.train.classes,
    });
    const test = await testNetwork(run, weights, options).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (test === undefined) return { state: "stopped", epochs, steps: 0 };
    return { state: "complete", history, weights, test };
  } finally {
    await recorder.close();
  }
}

/** Tests trained weights on every image of the test split. */
async function testNetwork(run: OpenTraining, weights: Weights, { signal, observe }: RunOptions) {
  const { network, dataset, engine, config } = run;
  const { optimizer, loss } = engineOptions(config.recipe);
  const batchSize = config.largestPart;
  const session = await engine.open(network, {
    batchSize,
    seed: config.seed,
    optimizer,
    loss,
    weights,
    training: false,
  });
  try {
    const of = dataset.test.size;
    return await measureMetrics({
      session,
      dataset,
      set: dataset.test,
      batchSize,
      signal,
      onProgress: (done) => observe({ kind: "testing", done, of }),
    });
  } finally {
    await session.close();
  }
}

/** Marks a run as done: its result is stored, and its checkpoint, which nothing needs any more, removed. */
export async function completeTraining({ dir, storage }: OpenTraining, result: Json): Promise<void> {
  storage.putResult(result);
  await rm(join(dir, CHECKPOINT), { force: true });
}
