/**
 * @file A Gaussian process: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, chapters 2 and 5. Values are taken to have mean 0
 * and variance 1. Hyperparameters are the maximum of the marginal likelihood (equation 5.8, gradient 5.9) with a weak prior around what the distances suggest,
 * found by Rprop: deterministic, from the same beginning each time, so that the same observations give the same model for ever.
 */
import { cholesky, dot, inverseFrom, solveLower, solveUpper, type Square } from "./cholesky.ts";
import { distancesOf, type Distances } from "./distances.ts";
import { apartFrom, type Point, type View } from "./kernel.ts";

/** Variance and length scale of each view, and the variance of the noise. */
export interface Hyperparameters {
  readonly variances: readonly number[];
  readonly scales: readonly number[];
  readonly noise: number;
}

/** Natural logarithms throughout: mean and deviation of the prior of a variance, of a scale (against its guess), of the noise. */
const PRIOR = { variance: 1.2, scale: 0.8, noise: 1.5, noiseMean: Math.log(0.03) };

/** Returns the guess that the prior is centred on: variances that share what there is, scales at which the mean distance is similar by 1/e. */
export function guess(distances: Distances, views: readonly View[]): Hyperparameters {
  const scales = distances.map((all, index) => {
    const mean = all.reduce((sum, distance) => sum + distance, 0) / Math.max(1, all.length);
    if (!(mean > 0)) return 1;
    return views[index]?.name === "decisions" ? mean : Math.sqrt(mean / 2);
  });
  return { variances: views.map(() => 1 / views.length), scales, noise: 0.03 };
}

const STEPS = 30;

/** Returns the hyperparameters for these values. About size³ multiply-accumulates for each of 30 steps. */
export function fit(distances: Distances, views: readonly View[], values: Float64Array): Hyperparameters {
  const start = guess(distances, views);
  const centre = toLogs(start);
  centre[centre.length - 1] = PRIOR.noiseMean;
  let logs = Float64Array.from(centre);
  const step = new Float64Array(logs.length).fill(0.2);
  let before = new Float64Array(logs.length);
  let best = { logs, value: -Infinity };
  for (let i = 0; i < STEPS; i++) {
    const { value, gradient } = posterior(distances, views, values, logs, centre);
    if (value > best.value) best = { logs, value };
    const next = Float64Array.from(logs);
    for (let p = 0; p < next.length; p++) {
      const [now, last] = [gradient[p]!, before[p]!];
      step[p] = Math.min(1, Math.max(1e-3, step[p]! * (now * last > 0 ? 1.2 : now * last < 0 ? 0.5 : 1)));
      next[p] = next[p]! + Math.sign(now) * step[p]!;
    }
    logs = next;
    before = gradient;
  }
  return fromLogs(best.logs, views.length);
}

function toLogs({ variances, scales, noise }: Hyperparameters): Float64Array {
  return Float64Array.from([...variances, ...scales, noise], Math.log);
}

function fromLogs(logs: Float64Array, views: number): Hyperparameters {
  const values = Array.from(logs, Math.exp);
  return { variances: values.slice(0, views), scales: values.slice(views, 2 * views), noise: values[2 * views]! };
}

/** Returns the log of marginal likelihood times prior, without constants, and its gradient by the logs of variances, scales and noise. */
export function posterior(
  distances: Distances,
  views: readonly View[],
  values: Float64Array,
  logs: Float64Array,
  centre: Float64Array,
): { readonly value: number; readonly gradient: Float64Array<ArrayBuffer> } {
  const size = values.length;
  const count = views.length;
  const gradient = new Float64Array(logs.length);
  const { variances, scales, noise } = fromLogs(logs, count);
  const similarities = similaritiesOf(distances, views, scales);
  const factor = cholesky(covariance(size, similarities, variances, noise));
  if (factor === undefined) return { value: -Infinity, gradient };
  const weights = Float64Array.from(values);
  solveLower(factor, weights);
  let value = -dot(weights, 0, weights, 0, size) / 2;
  for (let i = 0; i < size; i++) value -= Math.log(factor.data[i * size + i]!);
  solveUpper(factor, weights);
  const { data: inverse } = inverseFrom(factor);
  // (α αᵀ - K⁻¹) against the derivative of K: off the diagonal each pair twice, hence without the half.
  let [at, trace] = [0, 0];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++, at++) {
      const pull = weights[i]! * weights[j]! - inverse[i * size + j]!;
      for (let v = 0; v < count; v++) {
        const similarity = similarities[v]![at]!;
        gradient[v] = gradient[v]! + pull * variances[v]! * similarity;
        gradient[count + v] =
          gradient[count + v]! + pull * variances[v]! * views[v]!.slope(distances[v]![at]!, scales[v]!, similarity);
      }
    }
    trace += weights[i]! ** 2 - inverse[i * size + i]!;
  }
  for (let v = 0; v < count; v++) gradient[v] = gradient[v]! + (trace * variances[v]!) / 2;
  gradient[2 * count] = (trace * noise) / 2;
  for (let p = 0; p < logs.length; p++) {
    const deviation = p < count ? PRIOR.variance : p < 2 * count ? PRIOR.scale : PRIOR.noise;
    const off = (logs[p]! - centre[p]!) / deviation;
    value -= (off * off) / 2;
    gradient[p] = gradient[p]! - off / deviation;
  }
  return { value, gradient };
}

function similaritiesOf(distances: Distances, views: readonly View[], scales: readonly number[]): Distances {
  return distances.map((all, v) => all.map((distance) => views[v]!.similarity(distance, scales[v]!)));
}

function covariance(size: number, similarities: Distances, variances: readonly number[], noise: number): Square {
  const data = new Float64Array(size * size);
  const own = variances.reduce((a, b) => a + b, 0) + noise;
  let at = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++, at++) {
      let sum = 0;
      for (let v = 0; v < variances.length; v++) sum += variances[v]! * similarities[v]![at]!;
      data[i * size + j] = sum;
    }
    data[i * size + i] = own;
  }
  return { size, data };
}

/** What a model expects of a point. */
export interface Outlook {
  readonly mean: number;
  /** Returns the variance of the value, without noise: quadratic in the points of the model, where the mean is linear. */
  readonly variance: () => number;
}

export interface Model {
  /** `apart`: by view the distances to the points of the model, where they are known. */
  readonly look: (point: Point, apart?: readonly Float64Array[]) => Outlook;
  /** The variance of a point like none that the model knows: no point has more. */
  readonly greatestVariance: number;
}

/**
 * Returns the model of `points`, of which the first `values.length` were observed and the others are in flight: these are taken to give what is expected of
 * them ("kriging believer", Ginsbourger and others 2010), which leaves means as they are and makes their surroundings certain.
 */
export function model(
  points: readonly Point[],
  values: Float64Array,
  views: readonly View[],
  hyperparameters: Hyperparameters,
  distances: Distances = distancesOf(points, views),
): Model {
  const { variances, scales } = hyperparameters;
  const size = points.length;
  const observed = values.length;
  const factor = factorOf(size, distances, views, hyperparameters);
  const weights = new Float64Array(size);
  weights.set(values);
  // The factor's first rows and columns are the factor of the observed alone.
  solveLower(factor, weights, observed);
  solveUpper(factor, weights, observed);
  const own = variances.reduce((a, b) => a + b, 0);
  let rows: ReturnType<typeof apartFrom> | undefined;
  return {
    greatestVariance: own,
    look: (point, apart = (rows ??= apartFrom(points, views))(point)) => {
      const row = new Float64Array(size);
      for (const [v, view] of views.entries()) {
        const distances = apart[v]!;
        for (let i = 0; i < size; i++) row[i] = row[i]! + variances[v]! * view.similarity(distances[i]!, scales[v]!);
      }
      const variance = (): number => {
        const solved = row.slice();
        solveLower(factor, solved);
        return Math.max(1e-12, own - dot(solved, 0, solved, 0, size));
      };
      return { mean: dot(row, 0, weights, 0, observed), variance };
    },
  };
}

/** Returns the factor of the covariance. Points that are all but equal make a matrix that rounding turns singular: more noise mends it. */
export function factorOf(
  size: number,
  distances: Distances,
  views: readonly View[],
  { variances, scales, noise }: Hyperparameters,
): Square {
  const similarities = similaritiesOf(distances, views, scales);
  for (let more = noise; ; more = more * 10 + 1e-9) {
    const factor = cholesky(covariance(size, similarities, variances, more));
    if (factor !== undefined) return factor;
  }
}
