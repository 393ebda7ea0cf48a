/** @file Cross-entropy of a softmax against smoothed labels, and its gradient. */
import type { Tensor } from "./tensor.ts";

/** Labels of a batch. */
export type Labels = ArrayLike<number>;

export interface LossResult {
  /** Mean over the batch. */
  readonly loss: number;
  /** By the logits. Shape `[n, classes]`. */
  readonly gradient: Float64Array;
}

/** Targets are y * (1 - s) + s / classes (Szegedy et al. 2016, section 7). */
export function crossEntropy(logits: Tensor, labels: Labels, smoothing: number): LossResult {
  const [n, classes] = logits.shape as readonly [number, number];
  const gradient = new Float64Array(n * classes);
  let loss = 0;
  for (let image = 0; image < n; image++) {
    const row = logits.data.subarray(image * classes, (image + 1) * classes);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const logSum = largest + Math.log(row.reduce((sum, z) => sum + Math.exp(z - largest), 0));
    for (const [k, z] of row.entries()) {
      const target = (k === labels[image] ? 1 - smoothing : 0) + smoothing / classes;
      // A target of exactly 0 contributes nothing, even where the logit is infinite.
      if (target !== 0) loss -= (target * (z - logSum)) / n;
      gradient[image * classes + k] = (Math.exp(z - logSum) - target) / n;
    }
  }
  return { loss, gradient };
}
