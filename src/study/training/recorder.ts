/** @file Where a training's figures go: its database, `metrics.csv`, and event files for TensorBoard in `tensorboard/`. */
import { join } from "node:path";
import type { Figures } from "../../storage/training-storage.ts";
import { writeWhole } from "../../storage/whole-files.ts";
import {
  learningRateAt,
  openEventWriter,
  type EpochSummary,
  type Span,
  type StepFigures,
} from "../../training/index.ts";
import { metricsCsv } from "./metrics-csv.ts";
import type { OpenTraining } from "./open.ts";

export interface Recorder {
  /** Keeps a step's figures, if it is among those that are kept. */
  step(figures: StepFigures): void;
  /** Keeps an epoch's figures and returns the images trained per second in it. Throws what writing throws, also of steps before. */
  epoch(summary: EpochSummary): Promise<number>;
  /** Writes what is waiting, and the time passed. */
  flush(): void;
  close(): Promise<void>;
}

/** Points of an epoch whose steps are kept: enough for a curve, little for 600 epochs. */
const STEPS_KEPT = 50;
const FLUSH_MS = 1000;

/** Opens a recorder for a training whose next step is `nextStep`: what earlier event files hold from there on is taken back. */
export async function openRecorder(run: OpenTraining, span: Span, nextStep: number): Promise<Recorder> {
  const { storage, dir, config, split } = run;
  const stride = Math.ceil(span.stepsPerEpoch / STEPS_KEPT);
  const events = await openEventWriter({
    dir: join(dir, "tensorboard"),
    clock: { now: () => Date.now() },
    ...(nextStep > 0 && { purgeFrom: nextStep }),
  });
  let waiting: { step: number; figures: Figures }[] = [];
  let written: Promise<void> = Promise.resolve();
  let flushedAt = performance.now();
  let countedAt = flushedAt;
  let images = 0;
  let workMs = 0;

  const flush = (): void => {
    storage.putSteps(waiting);
    waiting = [];
    const now = performance.now();
    storage.addElapsed(now - countedAt);
    countedAt = flushedAt = now;
  };
  return {
    step({ step, loss, learningRate, correct, size, workMs: took }) {
      images += size;
      workMs += took;
      if (step % stride === 0) {
        const accuracy = correct / size;
        waiting.push({ step, figures: { loss, accuracy, learningRate } });
        const tags = { "step/loss": loss, "step/accuracy": accuracy, "step/learning-rate": learningRate };
        // Its failure is told at the epoch's end: a step waits for no disk.
        written = written.then(() => events.scalars(step, tags));
        written.catch(() => {});
      }
      if (performance.now() - flushedAt >= FLUSH_MS) flush();
    },
    async epoch(summary) {
      flush();
      const imagesPerSecond = workMs > 0 ? (1000 * images) / workMs : 0;
      images = workMs = 0;
      const { epoch, ...figures } = summary;
      const last = epoch * span.stepsPerEpoch - 1;
      const learningRate = learningRateAt(config.recipe, last, span);
      const elapsedSeconds = storage.run.elapsedMs / 1000;
      storage.putEpoch(epoch, { ...figures, learningRate, imagesPerSecond, elapsedSeconds });
      await writeWhole(join(dir, "metrics.csv"), metricsCsv(storage.epochs(), split));
      await written;
      await events.scalars(last, {
        "train/loss": figures.trainLoss,
        "train/accuracy": figures.trainAccuracy,
        [`${split}/loss`]: figures.loss,
        [`${split}/accuracy`]: figures.accuracy,
        "images-per-second": imagesPerSecond,
      });
      return imagesPerSecond;
    },
    flush,
    async close() {
      flush();
      await written.catch(() => {});
      await events.close();
    },
  };
}
