/** @file Counting right answers, the same way on every engine that computes logits here. */

/** Counts the examples whose label is the first largest logit. A row with NaN counts as wrong. `logits` is row-major `[size, classes]`. */
export function countCorrect(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  size: number,
): number {
  let correct = 0;
  for (let image = 0; image < size; image++) {
    let best = 0;
    let isNumber = true;
    for (let k = 0; k < classes; k++) {
      const z = logits[image * classes + k] as number;
      if (Number.isNaN(z)) isNumber = false;
      if (z > (logits[image * classes + best] as number)) best = k;
    }
    if (isNumber && best === labels[image]) correct++;
  }
  return correct;
}
