/** @file The Pareto front of two objectives: what no other candidate beats in one without losing in the other. */
import type { Objective } from "./controller.ts";

/**
 * Returns the indices of the points on the front, in order of the first value from best to worst. Of equal points all are kept,
 * as neither beats the other; a point with a value that is not finite is never on it. O(n log n): one sort, one sweep.
 */
export function paretoFront(
  points: readonly (readonly [number, number])[],
  directions: readonly [Objective["direction"], Objective["direction"]],
): readonly number[] {
  const sign = directions.map((direction) => (direction === "minimize" ? -1 : 1)) as [number, number];
  const candidates = points
    .map(([x, y], index) => ({ index, x: x * sign[0], y: y * sign[1] }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
    .sort((a, b) => b.x - a.x || b.y - a.y || a.index - b.index);
  const front: number[] = [];
  let best: { readonly x: number; readonly y: number } | undefined;
  // From the best x downwards: a point is on the front if its y beats all before, or if it equals the last one taken.
  for (const point of candidates) {
    if (best !== undefined && point.y <= best.y && !(point.y === best.y && point.x === best.x)) continue;
    front.push(point.index);
    best = point;
  }
  return front;
}
