/**
 * @file The Parzen estimators of TPE over one decision (Bergstra and others 2011, section 4): what the good, or the other, trials took of it, as a distribution that can be drawn
 * from. A number's is a mixture on [0, 1] of one normal curve per value seen and a wide one for the prior; a choice's are counts, with one more for each option.
 */
import type { Rng } from "cellwright/base";
import type { Decision } from "cellwright/space";
import { fromUnit, toUnit } from "cellwright/space";
import { normalCdf } from "../model-based/improvement.ts";

/** A distribution over the values of one decision. */
export interface Estimate {
  readonly sample: (rng: Rng) => number;
  /** Logarithm of the probability of a value, or of a float's density on its scale. */
  readonly logDensity: (value: number) => number;
}

type NumberDecision = Exclude<Decision, { kind: "choice" }>;

/** A normal curve cut off at 0 and 1. */
interface Curve {
  readonly mean: number;
  readonly deviation: number;
  /** Distance beyond which it adds nothing to speak of. */
  readonly reach: number;
  /** Its share of the mixture, over its probability of [0, 1]. */
  readonly factor: number;
}

/** Deviations from its mean beyond which a curve adds nothing to speak of to the prior. */
const FAR = 7;
/** Of more values than this, those nearest to each other share a curve, whose deviation is many times their distance: so that an ask costs the same at 10,000 trials as at 1,000. */
const MOST_CURVES = 256;

/** Returns the estimate of a choice from how often each option was taken: with a uniform prior, the probability of option i is in proportion to 1 + its count. */
export function choiceEstimate(counts: ArrayLike<number>): Estimate {
  const weights = Array.from(counts, (count) => 1 + count);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    sample(rng) {
      let rest = rng.next() * total;
      const option = weights.findIndex((weight) => (rest -= weight) < 0);
      return option < 0 ? weights.length - 1 : option;
    },
    logDensity: (option) => Math.log(weights[option]! / total),
  };
}

/**
 * Returns the standard deviation of the curve at each of some ascending positions in [0, 1]: the greater of the distances to its neighbours on both sides, the ends of the range
 * among them, but no less than the range divided by one more than there are values (or by 100) and no more than the range.
 */
export function deviationsOf(positions: ArrayLike<number>, valueCount = positions.length): readonly number[] {
  const least = 1 / Math.min(100, valueCount + 1);
  return Array.from(positions, (position, index) => {
    const before = position - (index === 0 ? 0 : positions[index - 1]!);
    const after = (index + 1 === positions.length ? 1 : positions[index + 1]!) - position;
    return Math.min(1, Math.max(least, before, after));
  });
}

/** Returns the estimate of a number from the ascending positions of its values on [0, 1], as `positionOf` gives them. */
export function numberEstimate(decision: NumberDecision, positions: readonly number[]): Estimate {
  /** Half of an int's share. */
  const half = decision.kind === "float" ? 0 : 0.5 / shareCount(decision);
  const { means, counts, cellOf } = gathered(positions);
  const deviations = deviationsOf(means, positions.length);
  const curves = [
    curveAt(0.5, 1, 1 / (positions.length + 1)),
    ...means.map((mean, index) => curveAt(mean, deviations[index]!, counts[index]! / (positions.length + 1))),
  ];
  const known = new Map<number, number>();
  const density = (position: number): number => {
    let sum = 0;
    for (const curve of curves) {
      const distance = position - curve.mean;
      if (Math.abs(distance) > curve.reach + half) continue;
      const { deviation, factor } = curve;
      if (half === 0) sum += (factor * bell(distance / deviation)) / deviation;
      else sum += factor * (normalCdf((distance + half) / deviation) - normalCdf((distance - half) / deviation));
    }
    return sum;
  };
  return {
    sample(rng) {
      // Each value, and the prior, is as likely to be the one to draw around.
      const index = rng.int(positions.length + 1);
      const { mean, deviation } = curves[index === positions.length ? 0 : 1 + cellOf[index]!]!;
      for (;;) {
        const position = mean + deviation * rng.normal();
        // The mean is inside, so a draw is, too, at least every third time or so.
        if (position >= 0 && position < 1) return valueAt(decision, position);
      }
    },
    logDensity(value) {
      const position = positionOf(decision, value);
      let logarithm = known.get(position);
      if (logarithm === undefined) {
        logarithm = Math.log(density(position));
        known.set(position, logarithm);
      }
      return logarithm;
    },
  };
}

/** Returns where a value lies in [0, 1]: a float on its scale, an int in the middle of its share, as each of K values has a share of 1 / K. */
export function positionOf(decision: NumberDecision, value: number): number {
  if (decision.kind === "float") return toUnit(decision, value);
  return ((value - decision.min) / decision.step + 0.5) / shareCount(decision);
}

function valueAt(decision: NumberDecision, position: number): number {
  if (decision.kind === "float") return fromUnit(decision, position);
  const count = shareCount(decision);
  return decision.min + Math.min(count - 1, Math.floor(position * count)) * decision.step;
}

/** How many values an int has, over whose shares its curves are integrated. */
function shareCount({ min, max, step }: Extract<Decision, { kind: "int" }>): number {
  return (max - min) / step + 1;
}

function curveAt(mean: number, deviation: number, share: number): Curve {
  const inside = normalCdf((1 - mean) / deviation) - normalCdf(-mean / deviation);
  return { mean, deviation, reach: FAR * deviation, factor: share / inside };
}

/** Means of curves, how many values each stands for, and for each value which: every value has its own, or, of very many, those of a cell share one. */
function gathered(positions: readonly number[]): {
  readonly means: readonly number[];
  readonly counts: readonly number[];
  readonly cellOf: readonly number[];
} {
  if (positions.length <= MOST_CURVES)
    return { means: positions, counts: positions.map(() => 1), cellOf: positions.map((_, index) => index) };
  const means: number[] = [];
  const counts: number[] = [];
  let last = -1;
  const cellOf = positions.map((position) => {
    const cell = Math.min(MOST_CURVES - 1, Math.floor(position * MOST_CURVES));
    if (cell !== last) {
      means.push((cell + 0.5) / MOST_CURVES);
      counts.push(0);
      last = cell;
    }
    counts[counts.length - 1]! += 1;
    return means.length - 1;
  });
  return { means, counts, cellOf };
}

function bell(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}
