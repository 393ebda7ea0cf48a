/** @file Networks that compute the same and are written differently. Their accuracy is the same up to chance; whether their time or memory is, depends on who measures. */
import type { Point } from "../model-based/kernel.ts";

/**
 * Returns the signatures of `points` where those that share one have had the same values each time, and some have: as where a study takes the stored result of a
 * network that computes the same. Another of these would tell nothing. Elsewhere none. `valuesOf`: by place in `points`, undefined for what has none yet.
 */
export function toldAlready(
  points: readonly Point[],
  valuesOf: (index: number) => readonly number[] | undefined,
): ReadonlySet<string> {
  const told = new Map<string, readonly number[]>();
  let areAlike = false;
  for (const [index, { graph }] of points.entries()) {
    const values = valuesOf(index);
    if (graph === undefined || values === undefined || !values.every(Number.isFinite)) continue;
    const others = told.get(graph.signature);
    if (others?.some((other, objective) => other !== values[objective])) return new Set();
    if (others === undefined) told.set(graph.signature, values);
    else areAlike = true;
  }
  return new Set(areAlike ? points.flatMap(({ graph }) => graph?.signature ?? []) : []);
}
