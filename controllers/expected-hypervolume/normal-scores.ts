/**
 * @file A scale on which a Gaussian process can learn any measure: each value by the place it has among all, as a normal variable would be distributed (van der
 * Waerden's scores), and the way back, since a hypervolume is one of the values themselves.
 */
import { normalCdf } from "../model-based/improvement.ts";
import { type Scale, worstOf } from "./scale.ts";

/**
 * Returns the scale of these values, larger being better. What is not finite is worse than all, and counts as the worst that is. Equal values have one score, the mean of their
 * places; the value of a score is between those of the trials in proportion, above all of them by the slope of the best quarter, below the worst the worst.
 */
export function normalScale(values: readonly number[]): Scale {
  const order = values.map((_, index) => index).sort((a, b) => compare(values[a]!, values[b]!) || a - b);
  const worst = worstOf(values);
  const scores = new Float64Array(values.length);
  const knots: { readonly score: number; readonly value: number }[] = [];
  for (let from = 0; from < order.length;) {
    const value = values[order[from]!]!;
    let to = from + 1;
    while (to < order.length && values[order[to]!] === value) to++;
    const score = normalQuantile((from + to) / 2 / values.length);
    for (let i = from; i < to; i++) scores[order[i]!] = score;
    knots.push({ score, value: Number.isFinite(value) ? value : worst });
    from = to;
  }
  return { scores, valueOf: (score) => interpolated(knots, score) };
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function interpolated(knots: readonly { readonly score: number; readonly value: number }[], score: number): number {
  const [first, last] = [knots[0]!, knots.at(-1)!];
  if (score <= first.score) return first.value;
  if (score >= last.score) {
    // The slope of a quarter: the last two alone may be as good as equal, or far apart by chance.
    const before = knots[Math.floor((knots.length - 1) * 0.75)]!;
    const slope = last.score > before.score ? (last.value - before.value) / (last.score - before.score) : 0;
    return last.value + slope * (score - last.score);
  }
  let [low, high] = [0, knots.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle]!.score <= score) low = middle;
    else high = middle;
  }
  const [below, above] = [knots[low]!, knots[high]!];
  return below.value + ((above.value - below.value) * (score - below.score)) / (above.score - below.score);
}

/** Returns the score below which this share of a standard normal lies, by bisection: to 1e-7, as good as the distribution function is. */
export function normalQuantile(share: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
