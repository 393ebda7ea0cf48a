/**
 * @file On which scale an objective is learned. Latency, memory and size are close to sums over a network's parts, and a model learns them from few trials as they are;
 * places among all bend them. An accuracy where some networks learn nothing, or a time where one network is a hundred times as slow, is learned by its place.
 * Which it is the trials tell: each is foretold from the others on both scales.
 */
import { inverseFrom, solveLower, solveUpper } from "../model-based/cholesky.ts";
import type { Distances } from "../model-based/distances.ts";
import { factorOf, fit, type Hyperparameters } from "../model-based/gaussian-process.ts";
import type { View } from "../model-based/kernel.ts";
import { normalScale } from "./normal-scores.ts";
import { type Scale, worstOf } from "./scale.ts";

export type ScaleName = "normal" | "plain";

/** A scale by its name, and the model that fits it. */
export interface Learned {
  readonly scale: ScaleName;
  readonly hyperparameters: Hyperparameters;
}

/** How scales are made of values, larger being better; what is not finite counts as the worst that is. */
export const scaleOf: Readonly<Record<ScaleName, (values: readonly number[]) => Scale>> = {
  normal: normalScale,
  plain: plainScale,
};

/** Returns the values, shifted and stretched to mean 0 and variance 1; zeros where all are equal. */
export function plainScale(values: readonly number[]): Scale {
  const worst = worstOf(values);
  const known = values.map((value) => (Number.isFinite(value) ? value : Number.isFinite(worst) ? worst : 0));
  const count = Math.max(1, known.length);
  const mean = known.reduce((sum, value) => sum + value, 0) / count;
  const spread = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  const unit = spread > 1e-12 * Math.abs(mean) ? spread : 0;
  return {
    scores: Float64Array.from(known, (value) => (unit > 0 ? (value - mean) / unit : 0)),
    valueOf: (score) => mean + unit * score,
  };
}

/** Returns the scale on which each value is foretold best from all the others, by the mean absolute error in the values; of equals the normal one. */
export function learn(distances: Distances, views: readonly View[], values: readonly number[]): Learned {
  const [normal, plain] = (["normal", "plain"] as const).map((scale) => {
    const { scores, valueOf } = scaleOf[scale](values);
    const hyperparameters = fit(distances, views, scores);
    const foretold = leaveOneOut(distances, views, scores, hyperparameters);
    const errors = values.map((value, index) =>
      Number.isFinite(value) ? Math.abs(valueOf(foretold[index]!) - value) : 0,
    );
    return { scale, hyperparameters, error: errors.reduce((sum, error) => sum + error, 0) };
  }) as [Learned & { error: number }, Learned & { error: number }];
  const { scale, hyperparameters } = plain.error < normal.error ? plain : normal;
  return { scale, hyperparameters };
}

/** Returns what each is expected to be from all the others: Rasmussen and Williams 2006, equation 5.12. */
export function leaveOneOut(
  distances: Distances,
  views: readonly View[],
  scores: Float64Array,
  hyperparameters: Hyperparameters,
): Float64Array {
  const size = scores.length;
  const factor = factorOf(size, distances, views, hyperparameters);
  const weights = Float64Array.from(scores);
  solveLower(factor, weights);
  solveUpper(factor, weights);
  const { data: inverse } = inverseFrom(factor);
  return scores.map((score, index) => score - weights[index]! / inverse[index * size + index]!);
}
