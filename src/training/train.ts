/**
 * @file The training loop: steps over augmented batches, validation after each epoch, told upwards, and ended early by whoever is told,
 * by an abort or by a loss that is not finite. It works on any engine, and gives the same bits for the same seed on one, also where it goes
 * on from a state taken in the middle of an epoch.
 */
import type { Rng } from "../base/rng.ts";
import { createRng } from "../base/rng.ts";
import { createBatcher, epochShape, evaluationBatches, trainingBatches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Batch, Engine, Session, SessionState } from "../engines/engine.ts";
import { initializeWeights, residualGammas, withDropout, type Network, type Weights } from "../network/index.ts";
import type { EpochPart, EpochSummary } from "./checkpoint.ts";
import { overlapped } from "./overlap.ts";
import { partSizes, partsOf } from "./parts.ts";
import { createPulse, type Pulse } from "./pulse.ts";
import { engineOptions, type Recipe } from "./recipe.ts";
import { dropPathRateAt, learningRateAt, type Span } from "./schedule.ts";
import { openTeacher, type OpenTeacher, type Teacher } from "./teacher.ts";

/** How far a training came. */
export interface TrainingState {
  /** Finished epochs, in order. */
  readonly history: readonly EpochSummary[];
  /** What is done of the next one, where it was begun. */
  readonly part?: EpochPart;
  readonly state: SessionState;
}

/** One step's figures. */
export interface StepFigures {
  /** From 0, over the whole training. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly learningRate: number;
  /** Mean over the batch. */
  readonly loss: number;
  readonly size: number;
  readonly correct: number;
  /** Engine time of the step. */
  readonly workMs: number;
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
  /** The most images that the engine is given at once: a larger batch is cut, its parts' gradients averaged. Default the batch. */
  readonly largestPart?: number;
  /** Gives soft targets, mixed with the labels by the recipe's `distillWeight` and `distillTemperature`. */
  readonly teacher?: Teacher;
  /** Asked after each step and each abort whether a checkpoint is due; where it is, `write` is given the state, and the training waits for it. */
  readonly checkpoints?: {
    readonly isDue: () => boolean;
    readonly write: (state: TrainingState) => Promise<void>;
  };
  /** Called after each step. */
  readonly onStep?: (figures: StepFigures) => void;
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
  /** The teacher, at work. */
  readonly lessons: OpenTeacher | undefined;
  /** Images that the engine is given at once. */
  readonly largest: number;
  readonly history: readonly EpochSummary[];
  readonly span: Span;
  readonly rng: Rng;
  readonly pulse: Pulse;
  readonly tally: Tally;
}

type Ending = { readonly state: "aborted" | "failed"; readonly reason?: string };

const aborted: Ending = { state: "aborted" };

/** Trains. Throws what the engine throws when it can't take the network (`unsupported-op`, `engine`); everything else is in the result. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { engine, dataset, recipe, epochs, seed, continueFrom } = options;
  const started = performance.now();
  const tally: Tally = { imagesTrained: 0, trainMs: 0, validationMs: 0, dataMs: 0, openMs: 0, peakMemoryBytes: 0 };
  const { steps, batch } = epochShape(dataset.train.size, recipe.batchSize);
  const largest = partSizes(batch, options.largestPart ?? batch)[0] as number;
  const network = recipe.dropout > 0 ? withDropout(options.network, recipe.dropout) : options.network;
  const weights = continueFrom?.state.weights ?? (recipe.zeroLastGamma ? withZeroGammas(network, seed) : undefined);
  const session = await engine.open(network, {
    batchSize: largest,
    seed,
    ...engineOptions(recipe),
    ...(weights && { weights }),
  });
  const history: EpochSummary[] = [...(continueFrom?.history ?? [])];
  const span = { stepsPerEpoch: steps, epochs };
  const evaluationSteps = Math.ceil(dataset[options.evaluateOn ?? "validation"].size / largest);
  const evaluationWork = (evaluationSteps * largest) / batch / 3;
  const pulse = createPulse(epochs * (steps + evaluationWork), options.onProgress, () => tally.imagesTrained);
  const finish = (ending: Ending | { state: "complete" | "stopped" }, weights?: Weights): TrainResult => ({
    ...ending,
    history,
    ...(weights && { weights }),
    ...tally,
    totalMs: performance.now() - started,
  });
  let lessons: OpenTeacher | undefined;
  try {
    if (options.teacher !== undefined) lessons = await openTeacher(engine, options.teacher, network, recipe, largest);
    tally.openMs = performance.now() - started;
    const rng = createRng(seed).fork("data");
    const run: Run = { ...options, session, lessons, largest, history, span, rng, pulse, tally };
    if (continueFrom !== undefined) {
      await session.restore(continueFrom.state);
      pulse.skip(history.length * (steps + evaluationWork) + (continueFrom.part?.steps ?? 0));
    }
    const snapshot = async () => ({ history: [...history], state: await session.save() });
    let stopped = false;
    let part = continueFrom?.part;
    const batcher = createBatcher(dataset, dataset.train, batch);
    while (history.length < epochs && !stopped) {
      const trained = await trainEpoch(run, batcher, history.length, part);
      part = undefined;
      if ("state" in trained) return finish(trained);
      const evaluated = await evaluateEpoch(run, trained);
      if ("state" in evaluated) return finish(evaluated);
      tally.peakMemoryBytes = Math.max(tally.peakMemoryBytes, process.memoryUsage.rss());
      const { lossSum, correct, seen } = trained;
      const summary: EpochSummary = {
        epoch: history.length + 1,
        trainLoss: lossSum / seen,
        trainAccuracy: correct / seen,
        ...evaluated,
      };
      history.push(summary);
      const answer = (await options.onEpoch?.(summary, snapshot)) ?? "continue";
      stopped = answer === "stop" && history.length < epochs;
    }
    if (options.keepWeights !== true) return finish({ state: stopped ? "stopped" : "complete" });
    const { weights: last, average } = await session.save();
    return finish({ state: stopped ? "stopped" : "complete" }, average ?? last);
  } finally {
    await lessons?.close();
    await session.close();
  }
}

/** The seed's first values with every residual branch beginning at nothing. */
function withZeroGammas(network: Network, seed: number): Weights {
  const weights = initializeWeights(network, seed);
  for (const name of residualGammas(network)) weights.get(name)?.fill(0);
  return weights;
}

/** The batches of an epoch that are still to be trained on. */
function batchesFrom(
  run: Run,
  batcher: ReturnType<typeof createBatcher>,
  epoch: number,
  from: number,
): Iterator<Batch, void> {
  const batches = trainingBatches(batcher, run.dataset.train.size, epoch, run.recipe, run.rng);
  // An epoch's draws follow from one another: those of batches that were trained on before are drawn again.
  for (let step = 0; step < from; step++) batches.next();
  return batches;
}

/** Tells the state in the middle of an epoch, where one is wanted. */
async function tellPart({ checkpoints, session, history }: Run, part: EpochPart): Promise<void> {
  if (checkpoints?.isDue() === true)
    await checkpoints.write({ history: [...history], part, state: await session.save() });
}

async function trainEpoch(
  run: Run,
  batcher: ReturnType<typeof createBatcher>,
  epoch: number,
  begun: EpochPart = { steps: 0, lossSum: 0, correct: 0, seen: 0 },
): Promise<EpochPart | Ending> {
  const { session, recipe, span, tally, pulse, signal, lessons, largest } = run;
  const isAborted = (): boolean => signal?.aborted === true;
  let part = begun;
  if (isAborted()) {
    await tellPart(run, part);
    return aborted;
  }
  let step = epoch * span.stepsPerEpoch + part.steps;
  const settings = () => ({
    step,
    learningRate: learningRateAt(recipe, step, span),
    dropPathRate: dropPathRateAt(recipe, step, span),
  });
  const work = async (batch: Batch) => {
    const parts = partsOf(batch, largest);
    const taught: Batch[] = [];
    for (const each of parts) taught.push(lessons === undefined ? each : await lessons.teach(each));
    const [only] = taught;
    return await session.trainStep(taught.length === 1 && only !== undefined ? only : taught, settings());
  };
  for await (const done of overlapped(batchesFrom(run, batcher, epoch, part.steps), work)) {
    const { loss, size, correct, workMs } = done;
    tally.trainMs += workMs;
    tally.dataMs += done.waitMs;
    const { learningRate } = settings();
    if (!Number.isFinite(loss)) {
      const rate = Number(learningRate.toPrecision(3));
      return { state: "failed", reason: `loss was not finite at step ${step} (learning rate ${rate})` };
    }
    part = {
      steps: part.steps + 1,
      lossSum: part.lossSum + loss * size,
      correct: part.correct + correct,
      seen: part.seen + size,
    };
    run.onStep?.({ step, epoch: epoch + 1, learningRate, loss, size, correct, workMs });
    step++;
    tally.imagesTrained += size;
    await pulse.beat(1);
    await tellPart(run, part);
    if (isAborted()) return aborted;
  }
  return part;
}

async function evaluateEpoch(run: Run, part: EpochPart): Promise<{ loss: number; accuracy: number } | Ending> {
  const { session, tally, pulse, signal, dataset, largest, recipe } = run;
  const set = dataset[run.evaluateOn ?? "validation"];
  const begun = performance.now();
  let lossSum = 0;
  let correct = 0;
  const inference = recipe.emaDecay > 0 ? { average: true } : {};
  const batches = evaluationBatches(createBatcher(dataset, set, largest), set.size, run.rng);
  const whole = epochShape(dataset.train.size, recipe.batchSize).batch;
  for await (const done of overlapped(batches, (batch) => session.evaluate(batch, inference))) {
    lossSum += done.loss * done.size;
    correct += done.correct;
    // An evaluation is a forward pass: about a third of a training step.
    await pulse.beat(largest / whole / 3);
    if (signal?.aborted === true) {
      await tellPart(run, part);
      return aborted;
    }
  }
  tally.validationMs += performance.now() - begun;
  const loss = lossSum / set.size;
  if (!Number.isFinite(loss)) return { state: "failed", reason: "validation loss was not finite" };
  return { loss, accuracy: correct / set.size };
}
