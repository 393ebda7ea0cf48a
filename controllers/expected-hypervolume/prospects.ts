/** @file A candidate's prospects: what it is expected to add to the hypervolume of a front. */
import { hypervolume } from "cellwright/search";
import type { Model } from "../model-based/gaussian-process.ts";
import { greatest } from "../model-based/improvement.ts";
import type { Point } from "../model-based/kernel.ts";
import type { Scale } from "./scale.ts";

/** Candidates whose expectation is computed. */
const CLOSER = 40;

/** What a point adds to the hypervolume, larger coordinates being better. */
export type Gain = (point: readonly number[]) => number;

/** By how much of the extent yet the reference point is worse than the worst of each objective: else the front's ends, worst in one, would be worth nothing. */
const MARGIN = 0.1;

/** Returns what a point adds to that of the front, from a little below the worst of each column. */
export function gainOver(front: readonly (readonly number[])[], columns: readonly (readonly number[])[]): Gain {
  const reference = columns.map((column) => {
    const finite = column.filter(Number.isFinite);
    const worst = finite.reduce((a, b) => Math.min(a, b), Infinity);
    const extent = finite.reduce((a, b) => Math.max(a, b), -Infinity) - worst;
    // An objective in which all are alike leaves the choice to the others.
    return worst - MARGIN * (extent > 0 ? extent : 1);
  });
  const directions = columns.map(() => "maximize" as const);
  return (point) => {
    const box = point.reduce((product, value, index) => product * Math.max(0, value - reference[index]!), 1);
    if (box === 0) return 0;
    // Of what the front covers, the part that is in the point's box.
    const within = front.map((other) => other.map((value, index) => Math.min(value, point[index]!)));
    return Math.max(0, box - hypervolume(within, directions, reference));
  };
}

export interface Prospect {
  readonly point: Point;
  /** No less than `bright`: the gain if nothing were known of how each objective comes out but what is expected. */
  readonly bound: number;
  /** The gain if each objective comes out a standard deviation better than expected. */
  readonly bright: () => number;
  /** The mean gain over the draws. */
  readonly expected: () => number;
}

/**
 * Returns what makes prospects of points. Noise counts: the front is one of values as they were told, and so is what will be told; of networks that are all but
 * equal one may measure better. `draws`: of a standard normal for each objective, the same for all points.
 */
export function prospects(
  models: readonly Model[],
  apart: (point: Point) => readonly Float64Array[],
  scales: readonly Scale[],
  gain: Gain,
  noises: readonly number[],
  draws: readonly (readonly number[])[],
): (point: Point) => Prospect {
  const gainAt = (scores: readonly number[]): number =>
    gain(scales.map(({ valueOf }, index) => valueOf(scores[index]!)));
  const widest = models.map(({ greatestVariance }, index) => Math.sqrt(greatestVariance + noises[index]!));
  return (point) => {
    const distances = apart(point);
    const each = models.map(({ look }) => look(point, distances));
    const means = each.map(({ mean }) => mean);
    const known = once(() => each.map(({ variance }, index) => Math.sqrt(variance() + noises[index]!)));
    const ahead = (deviations: readonly number[], errors?: readonly number[]): number =>
      gainAt(means.map((mean, index) => mean + (errors?.[index] ?? 1) * deviations[index]!));
    return {
      point,
      bound: ahead(widest),
      bright: once(() => ahead(known())),
      expected: once(() => draws.reduce((sum, errors) => sum + ahead(known(), errors), 0) / draws.length),
    };
  };
}

/** Returns a function that computes once what this one does. */
function once<T>(compute: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: compute() }).value;
}

/** Returns the `count` that are expected to add most, the greatest first, of those that add most if things go well; of equals the first stays first. */
export function mostPromising(all: readonly Prospect[], count: number): readonly Prospect[] {
  const closer = greatest(
    all,
    Math.max(CLOSER, count),
    ({ bound }) => bound,
    ({ bright }) => bright(),
  );
  return closer.toSorted((a, b) => b.expected() - a.expected()).slice(0, count);
}
