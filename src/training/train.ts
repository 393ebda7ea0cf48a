/**
 * @file The training loop: SGD over augmented batches, validation after each epoch, told upwards, and ended early by whoever is told,
 * by an abort or by a loss that is not finite. It works on any engine, and gives the same bits for the same seed on one.
 */
import type { Rng } from "../base/rng.ts";
import { createRng } from "../base/rng.ts";
import { createBatcher, epochShape, evaluationBatches, trainingBatches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine, Session, SessionState } from "../engines/engine.ts";
import type { Network, Weights } from "../network/index.ts";
import type { EpochSummary } from "./checkpoint.ts";
import { overlapped } from "./overlap.ts";
import { createPulse, type Pulse } from "./pulse.ts";
import { engineOptions, type Recipe } from "./recipe.ts";
import { dropPathRateAt, learningRateAt, type Span } from "./schedule.ts";

/** How far a training came. */
export interface TrainingState {
  /** Finished epochs, in order. */
  readonly history: readonly EpochSummary[];
  readonly state: SessionState;
}

export interface TrainOptions {
  readonly engine: Engine;
  readonly network: Network;
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  readonly epochs: number;
  /** Seeds weights, data order, augmentation and masks, each by a stream of its own. */
  readonly seed: number;
  /** Default `validation`. */
  readonly evaluateOn?: "validation" | "test";
  /** Goes on after these epochs, from this state. */
  readonly continueFrom?: TrainingState;
  /** Called after each epoch; its answer is whether to go on. `snapshot` reads what a checkpoint holds. */
  readonly onEpoch?: (
    summary: EpochSummary,
    snapshot: () => Promise<TrainingState>,
  ) => Promise<"continue" | "stop"> | "continue" | "stop";
  /** Called a few times a second. */
  readonly onProgress?: (progress: { readonly imagesTrained: number; readonly fraction: number }) => void;
  /** Ends the training between two steps. */
  readonly signal?: AbortSignal;
  /** Whether the result holds the trained weights. Default false. */
  readonly keepWeights?: boolean;
}

export interface TrainResult {
  /** `stopped`: by `onEpoch`. `failed`: see `reason`. */
  readonly state: "complete" | "stopped" | "aborted" | "failed";
  readonly reason?: string;
  readonly history: readonly EpochSummary[];
  readonly weights?: Weights;
  /** Training images of this run (not of one it went on from). */
  readonly imagesTrained: number;
  /** Time in train steps, without waiting for batches, validation or set-up. */
  readonly trainMs: number;
  readonly validationMs: number;
  /** Time in which the engine waited for a training batch. */
  readonly dataMs: number;
  /** Time in opening the session. */
  readonly openMs: number;
  readonly totalMs: number;
  /** Largest resident size of the process seen at the ends of epochs. */
  readonly peakMemoryBytes: number;
}

/** Running totals of one training. */
interface Tally {
  imagesTrained: number;
  trainMs: number;
  validationMs: number;
  dataMs: number;
  openMs: number;
  peakMemoryBytes: number;
}

interface Run extends TrainOptions {
  readonly session: Session;
  readonly span: Span;
  readonly rng: Rng;
  readonly pulse: Pulse;
  readonly tally: Tally;
}

type Ending = { readonly state: "aborted" | "failed"; readonly reason?: string };

const aborted: Ending = { state: "aborted" };

/** Trains. Throws what the engine throws when it can't take the network (`unsupported-op`, `engine`); everything else is in the result. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { engine, network, dataset, recipe, epochs, seed } = options;
  const started = performance.now();
  const tally: Tally = { imagesTrained: 0, trainMs: 0, validationMs: 0, dataMs: 0, openMs: 0, peakMemoryBytes: 0 };
  const { steps, batch } = epochShape(dataset.train.size, recipe.batchSize);
  const session = await engine.open(network, {
    batchSize: batch,
    seed,
    ...engineOptions(recipe),
    ...(options.continueFrom && { weights: options.continueFrom.state.weights }),
  });
  tally.openMs = performance.now() - started;
  const history: EpochSummary[] = [...(options.continueFrom?.history ?? [])];
  const span = { stepsPerEpoch: steps, epochs };
  const evaluationSteps = Math.ceil(dataset[options.evaluateOn ?? "validation"].size / batch);
  const pulse = createPulse(epochs * (steps + evaluationSteps / 3), options.onProgress, () => tally.imagesTrained);
  const run: Run = { ...options, session, span, rng: createRng(seed).fork("data"), pulse, tally };
  const finish = (ending: Ending | { state: "complete" | "stopped" }, weights?: Weights): TrainResult => ({
    ...ending,
    history,
    ...(weights && { weights }),
    ...tally,
    totalMs: performance.now() - started,
  });
  try {
    if (options.continueFrom !== undefined) {
      await session.restore(options.continueFrom.state);
      pulse.skip(history.length * (steps + evaluationSteps / 3));
    }
    const snapshot = async () => ({ history: [...history], state: await session.save() });
    let stopped = false;
    const batcher = createBatcher(dataset, dataset.train, batch);
    while (history.length < epochs && !stopped) {
      const trained = await trainEpoch(run, batcher, history.length);
      if ("state" in trained) return finish(trained);
      const evaluated = await evaluateEpoch(run, batch);
      if ("state" in evaluated) return finish(evaluated);
      tally.peakMemoryBytes = Math.max(tally.peakMemoryBytes, process.memoryUsage.rss());
      const summary: EpochSummary = { epoch: history.length + 1, ...trained, ...evaluated };
      history.push(summary);
      const answer = (await options.onEpoch?.(summary, snapshot)) ?? "continue";
      stopped = answer === "stop" && history.length < epochs;
    }
    const weights = options.keepWeights === true ? (await session.save()).weights : undefined;
    return finish({ state: stopped ? "stopped" : "complete" }, weights);
  } finally {
    await session.close();
  }
}

async function trainEpoch(
  run: Run,
  batcher: ReturnType<typeof createBatcher>,
  epoch: number,
): Promise<{ trainLoss: number; trainAccuracy: number } | Ending> {
  const { session, recipe, span, tally, pulse, signal } = run;
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) return aborted;
  let step = epoch * span.stepsPerEpoch;
  let lossSum = 0;
  let correct = 0;
  let seen = 0;
  const batches = trainingBatches(batcher, run.dataset.train.size, epoch, recipe, run.rng);
  const settings = () => ({
    step,
    learningRate: learningRateAt(recipe, step, span),
    dropPathRate: dropPathRateAt(recipe, step, span),
  });
  for await (const done of overlapped(batches, (batch) => session.trainStep(batch, settings()))) {
    const { loss, size } = done;
    tally.trainMs += done.workMs;
    tally.dataMs += done.waitMs;
    if (!Number.isFinite(loss)) {
      const rate = Number(settings().learningRate.toPrecision(3));
      return { state: "failed", reason: `loss was not finite at step ${step} (learning rate ${rate})` };
    }
    lossSum += loss * size;
    correct += done.correct;
    seen += size;
    step++;
    tally.imagesTrained += size;
    await pulse.beat(1);
    if (isAborted()) return aborted;
  }
  return { trainLoss: lossSum / seen, trainAccuracy: correct / seen };
}

async function evaluateEpoch(run: Run, batchSize: number): Promise<{ loss: number; accuracy: number } | Ending> {
  const { session, tally, pulse, signal, dataset } = run;
  const set = dataset[run.evaluateOn ?? "validation"];
  const begun = performance.now();
  let lossSum = 0;
  let correct = 0;
  const batches = evaluationBatches(createBatcher(dataset, set, batchSize), set.size, run.rng);
  for await (const done of overlapped(batches, (batch) => session.evaluate(batch))) {
    lossSum += done.loss * done.size;
    correct += done.correct;
    // An evaluation is a forward pass: about a third of a training step.
    await pulse.beat(1 / 3);
    if (signal?.aborted === true) return aborted;
  }
  tally.validationMs += performance.now() - begun;
  const loss = lossSum / set.size;
  if (!Number.isFinite(loss)) return { state: "failed", reason: "validation loss was not finite" };
  return { loss, accuracy: correct / set.size };
}
