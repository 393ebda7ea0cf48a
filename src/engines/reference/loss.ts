/** @file Cross-entropy of a softmax against smoothed labels or soft targets, and its gradient. */
import type { Tensor } from "./tensor.ts";

/** What the loss compares with: labels, or targets `[n, classes]` in place of them. */
export interface Answers {
  readonly labels: ArrayLike<number>;
  readonly targets?: ArrayLike<number>;
}

export interface LossResult {
  /** Mean over the batch. */
  readonly loss: number;
  /** By the logits. Shape `[n, classes]`. */
  readonly gradient: Float64Array;
}

/** Targets are y * (1 - s) + s / classes (Szegedy et al. 2016, section 7), with y of the label or of soft targets. */
export function crossEntropy(logits: Tensor, { labels, targets }: Answers, smoothing: number): LossResult {
  const [n, classes] = logits.shape as readonly [number, number];
  const gradient = new Float64Array(n * classes);
  let loss = 0;
  for (let image = 0; image < n; image++) {
    const row = logits.data.subarray(image * classes, (image + 1) * classes);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const logSum = largest + Math.log(row.reduce((sum, z) => sum + Math.exp(z - largest), 0));
    const given = targets
      ? Array.from(row, (_, k) => targets[image * classes + k] as number)
      : Array.from(row, (_, k) => Number(k === labels[image]));
    // 1 but for the rounding of soft targets.
    const sum = given.reduce((a, b) => a + b, 0) * (1 - smoothing) + smoothing;
    for (const [k, z] of row.entries()) {
      const target = (given[k] as number) * (1 - smoothing) + smoothing / classes;
      // A target of exactly 0 contributes nothing, even where the logit is infinite.
      if (target !== 0) loss -= (target * (z - logSum)) / n;
      gradient[image * classes + k] = (Math.exp(z - logSum) * sum - target) / n;
    }
  }
  return { loss, gradient };
}
