/** @file What a candidate promises: scores on a scale of ranks, and the improvement to expect on the best of them. */
import type { Model } from "./gaussian-process.ts";
import type { Point } from "./kernel.ts";

/**
 * Returns -log(rank / count) of each score, the best of rank 1 and equals of their mean rank, shifted and scaled to mean 0 and variance 1 (zeros where all are
 * equal); of those at `indices` only, if given, though ranks are among all. `order`: the indices of all scores from the best, where that is known.
 */
export function rankScores(
  scores: readonly number[],
  indices?: readonly number[],
  order: readonly number[] = fromBest(scores),
): Float64Array {
  const all = new Float64Array(scores.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) to++;
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) all[order[i]!] = -Math.log(rank / scores.length);
    from = to;
  }
  const values = indices === undefined ? all : Float64Array.from(indices, (index) => all[index]!);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length));
  return values.map((value) => (spread > 1e-12 ? (value - mean) / spread : 0));
}

/** Returns the indices of the scores from the best; of equals the first stays first. */
export function fromBest(scores: readonly number[]): number[] {
  return scores.map((_, index) => index).sort((a, b) => descending(scores[a]!, scores[b]!) || a - b);
}

/** For sorting from the greatest; two infinities of one sign are equal. */
export function descending(a: number, b: number): number {
  return a === b ? 0 : b - a;
}

/** Returns E[max(0, value - target)] of a normal value, in its standard deviations where it is tiny. */
export function expectedImprovement(mean: number, variance: number, target: number): number {
  const deviation = Math.sqrt(variance);
  const z = (mean - target) / deviation;
  return deviation * (z * normalCdf(z) + Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
}

/** Returns the distribution function of the standard normal: Abramowitz and Stegun 26.2.17, to 7.5e-8. */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}

/**
 * Returns the `count` points of greatest expected improvement, the greatest first; of equals the first of `points` stays first. Points that promise
 * too little even where nothing is known of them are not looked at closely, which spares most of the variances.
 */
export function mostPromising(
  { look, greatestVariance }: Model,
  points: readonly Point[],
  target: number,
  count: number,
): readonly Point[] {
  const outlooks = points.map((point) => {
    const outlook = look(point);
    return { point, outlook, bound: expectedImprovement(outlook.mean, greatestVariance, target) };
  });
  const valueOf = ({ outlook: { mean, variance } }: (typeof outlooks)[number]): number =>
    expectedImprovement(mean, variance(), target);
  return greatest(outlooks, count, ({ bound }) => bound, valueOf).map(({ point }) => point);
}

/**
 * Returns the `count` items of greatest value, the greatest first; of equals the first of `items` stays first. `boundOf`: no item's value is greater; the value is asked only of
 * those whose bound leaves them a chance.
 */
export function greatest<T>(
  items: readonly T[],
  count: number,
  boundOf: (item: T) => number,
  valueOf: (item: T) => number,
): readonly T[] {
  const best: { readonly item: T; readonly index: number; readonly value: number }[] = [];
  const bounded = items.map((item, index) => ({ item, index, bound: boundOf(item) }));
  for (const { item, index, bound } of bounded.sort((a, b) => descending(a.bound, b.bound) || a.index - b.index)) {
    if (best.length === count && bound < best[count - 1]!.value) break;
    const value = valueOf(item);
    const worse = best.findIndex((other) => other.value < value || (other.value === value && other.index > index));
    best.splice(worse < 0 ? best.length : worse, 0, { item, index, value });
    if (best.length > count) best.pop();
  }
  return best.map(({ item }) => item);
}
