/**
 * @file What a trained network gets right, and what it takes for what: accuracy among the first one and five, per class, the confusion
 * matrix and the cross-entropy, summed up batch by batch so that a split of any size takes no more than the matrix.
 */
import { createRng } from "../base/rng.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { createBatcher, evaluationBatches } from "../data/batches.ts";
import type { Dataset, ImageSet } from "../data/dataset.ts";
import type { Session } from "../engines/engine.ts";
import { overlapped } from "./overlap.ts";

/** Accuracy among the five largest logits, or why it is not told. */
export type TopFive = { readonly accuracy: number } | { readonly absent: string };

/** Figures of a classification. Accuracies are shares from 0 to 1. */
export interface ClassificationMetrics {
  /** Images seen, 1 or more. */
  readonly count: number;
  readonly classes: number;
  /** Share whose label is the first largest logit (top-1). */
  readonly accuracy: number;
  /** Share whose label is among the five largest logits; with five classes or fewer it would always be 1 and is absent. */
  readonly topFive: TopFive;
  /** Mean of -log softmax(logits)[label], natural logarithm. NaN where a logit was not a number. */
  readonly crossEntropy: number;
  /** Share right of each class's images; undefined for a class without images. */
  readonly perClass: readonly (number | undefined)[];
  /** Row-major `[true class, predicted class]`, counts. Images whose logits hold NaN are in no cell. */
  readonly confusion: Float64Array;
  /** Images whose logits hold NaN: no class is predicted for them, and they count as wrong. */
  readonly undecided: number;
}

/** Sums up predictions. */
export interface MetricsAccumulator {
  /** Adds a batch: `logits` row-major `[size, classes]`, `labels` `[size]` (longer arrays: the rest is not read). Throws `data`. */
  add(logits: ArrayLike<number>, labels: ArrayLike<number>, size: number): void;
  /** Sum of the cross-entropies so far, and images right so far. */
  totals(): { readonly count: number; readonly crossEntropySum: number; readonly correct: number };
  /** Returns the figures of everything added. Throws `data` if that was nothing. */
  result(): ClassificationMetrics;
}

const TOP = 5;

/** Where the label stands among a row's logits, from 0; of equal logits the first comes first. NaN anywhere: undefined. */
interface RowReading {
  readonly best: number;
  readonly rank: number;
  readonly crossEntropy: number;
}

function readRow(logits: ArrayLike<number>, start: number, classes: number, label: number): RowReading | undefined {
  const own = logits[start + label] as number;
  let best = 0;
  let largest = logits[start] as number;
  let rank = 0;
  for (let k = 0; k < classes; k++) {
    const z = logits[start + k] as number;
    if (Number.isNaN(z)) return undefined;
    if (z > largest) {
      largest = z;
      best = k;
    }
    if (z > own || (z === own && k < label)) rank++;
  }
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp((logits[start + k] as number) - largest);
  return { best, rank, crossEntropy: Math.log(sum) - (own - largest) };
}

/** Returns an accumulator that has seen nothing. It holds `classes` squared counts of 8 bytes. */
export function createMetrics(classes: number): MetricsAccumulator {
  const confusion = new Float64Array(classes * classes);
  const seen = new Float64Array(classes);
  let count = 0;
  let correct = 0;
  let amongFive = 0;
  let undecided = 0;
  let crossEntropySum = 0;
  return {
    add(logits, labels, size) {
      if (logits.length < size * classes || labels.length < size)
        throw new CellwrightError(
          "data",
          expected("metrics", `${size} x ${classes} logits and ${size} labels`, [logits.length, labels.length]),
        );
      for (let image = 0; image < size; image++) {
        const label = labels[image] as number;
        if (!(label >= 0 && label < classes))
          throw new CellwrightError("data", expected("metrics", `labels below ${classes}`, label));
        seen[label] = (seen[label] as number) + 1;
        count++;
        const row = readRow(logits, image * classes, classes, label);
        crossEntropySum += row?.crossEntropy ?? NaN;
        if (row === undefined) {
          undecided++;
          continue;
        }
        const cell = label * classes + row.best;
        confusion[cell] = (confusion[cell] as number) + 1;
        if (row.best === label) correct++;
        if (row.rank < TOP) amongFive++;
      }
    },
    totals: () => ({ count, crossEntropySum, correct }),
    result() {
      if (count === 0) throw new CellwrightError("data", expected("metrics", "at least one image", count));
      const right = (label: number): number => confusion[label * classes + label] as number;
      return {
        count,
        classes,
        accuracy: correct / count,
        topFive:
          classes > TOP
            ? { accuracy: amongFive / count }
            : { absent: `with ${classes} classes every label is among the first ${TOP}` },
        crossEntropy: crossEntropySum / count,
        perClass: Array.from(seen, (images, label) => (images === 0 ? undefined : right(label) / images)),
        confusion: confusion.slice(),
        undecided,
      };
    },
  };
}

/** What `measureMetrics` is asked for. */
export interface MeasureOptions {
  readonly session: Session;
  /** Gives the normalisation. */
  readonly dataset: Pick<Dataset, "mean" | "std">;
  /** The split that is measured, each image once, as it is. */
  readonly set: ImageSet;
  /** At most what the session was opened with. */
  readonly batchSize: number;
  /** Called after each batch with the images done. */
  readonly onProgress?: (imagesDone: number) => void;
  /** Ends it between two batches; the reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Predicts every image of a split and returns the figures. Throws what the session throws, and the signal's reason where that is aborted. */
export async function measureMetrics(options: MeasureOptions): Promise<ClassificationMetrics> {
  const { session, set } = options;
  const metrics = createMetrics(set.classes.length);
  const batcher = createBatcher(options.dataset, set, options.batchSize);
  // Nothing is drawn where nothing is augmented.
  const batches = evaluationBatches(batcher, set.size, createRng(0));
  const predict = async ({ images, labels, size }: Parameters<Session["evaluate"]>[0]) => {
    metrics.add(await session.predict(images, size), labels, size);
    return { loss: 0, correct: 0 };
  };
  let done = 0;
  for await (const { size } of overlapped(batches, predict)) {
    done += size;
    options.onProgress?.(done);
    options.signal?.throwIfAborted();
  }
  return metrics.result();
}
