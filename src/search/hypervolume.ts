/**
 * @file Hypervolume: how much of the space of objectives a set of candidates dominates, the one number by which fronts are compared (Zitzler and Thiele,
 * "Multiobjective Evolutionary Algorithms: A Comparative Case Study and the Strength Pareto Approach", IEEE Transactions on Evolutionary Computation 3(4), 1999).
 * It says nothing without its reference point, and, where objectives have units, without what they were divided by.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Objective } from "./controller.ts";
import { scoresOf } from "./pareto.ts";

type Directions = readonly Objective["direction"][];

/**
 * Returns the volume between the points and `reference`, a point that is worse than those that are to count: what is not better than it in every objective adds
 * nothing, nor does a point with a value that is not finite. Exact. Two objectives: a sort and a sweep, O(n log n); three: that for every point, O(n² log n);
 * every further one takes another factor of n. Throws `internal` where a point has not one value per direction.
 */
export function hypervolume(
  points: readonly (readonly number[])[],
  directions: Directions,
  reference: readonly number[],
): number {
  if (directions.length === 0)
    throw new CellwrightError("internal", expected("directions", "at least one objective", directions));
  const origin = scoresOf(reference, directions);
  const heights = points
    .map((point) => scoresOf(point, directions).map((score, index) => score - origin[index]!))
    .filter((point) => point.every((height) => Number.isFinite(height) && height > 0));
  return volumeOf(heights, directions.length);
}

/** The volume that boxes from the origin to the points cover together, by their first `dimensions` coordinates: slabs of the last one, from the top. */
function volumeOf(points: readonly (readonly number[])[], dimensions: number): number {
  const last = dimensions - 1;
  const sorted = [...points].sort((a, b) => b[last]! - a[last]!);
  if (dimensions === 1) return sorted[0]?.[0] ?? 0;
  let volume = 0;
  if (dimensions === 2) {
    let width = 0;
    for (const [x, y] of sorted as unknown as readonly (readonly [number, number])[]) {
      if (x <= width) continue;
      volume += (x - width) * y;
      width = x;
    }
    return volume;
  }
  for (let count = 1; count <= sorted.length; count++) {
    const thickness = sorted[count - 1]![last]! - (sorted[count]?.[last] ?? 0);
    if (thickness > 0) volume += thickness * volumeOf(sorted.slice(0, count), last);
  }
  return volume;
}

/** The worst and the best value of each objective over some points. */
export interface ObjectiveBox {
  readonly worst: readonly number[];
  readonly best: readonly number[];
}

/** Returns the box around the points whose values are all finite, or undefined where there are none. */
export function objectiveBox(points: readonly (readonly number[])[], directions: Directions): ObjectiveBox | undefined {
  const finite = points.filter((point) => point.every(Number.isFinite));
  if (finite.length === 0) return undefined;
  const extreme = (better: boolean): readonly number[] =>
    directions.map((direction, index) =>
      finite.reduce((found, point) => {
        const isGreater = point[index]! > found;
        return isGreater === ((direction === "maximize") === better) ? point[index]! : found;
      }, finite[0]![index]!),
    );
  return { worst: extreme(false), best: extreme(true) };
}

/**
 * Returns the hypervolume as a share of a box, from 0 to 1: the reference point is the worst value of each objective, and each objective is divided by its extent, from
 * worst to best. Comparable only between points in the same box. Objectives without extent are left out: all points are alike in them. Without any it is 0.
 */
export function hypervolumeShare(
  points: readonly (readonly number[])[],
  directions: Directions,
  { worst, best }: ObjectiveBox,
): number {
  const kept = directions.flatMap((_, index) => (worst[index] === best[index] ? [] : [index]));
  if (kept.length === 0) return 0;
  const unit = points.map((point) =>
    kept.map((index) => (point[index]! - worst[index]!) / (best[index]! - worst[index]!)),
  );
  const clipped = unit.map((point) => point.map((value) => Math.min(value, 1)));
  return hypervolume(
    clipped,
    kept.map(() => "maximize"),
    kept.map(() => 0),
  );
}
