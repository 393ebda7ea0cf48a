/** @file The Pareto front: what no other candidate beats in one objective without losing in another. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Objective } from "./controller.ts";

/**
 * Returns the indices of the points on the front, in order of the first value from best to worst. Of equal points all are kept,
 * as neither beats the other; a point with a value that is not finite is never on it. Two objectives: O(n log n), one sort and one sweep. More, or one:
 * the sort, and each point against the front so far, O(n front). Throws `internal` where a point has not one value per direction.
 */
export function paretoFront(
  points: readonly (readonly number[])[],
  directions: readonly Objective["direction"][],
): readonly number[] {
  const candidates = points
    .map((point, index) => ({ index, scores: scoresOf(point, directions) }))
    .filter(({ scores }) => scores.every(Number.isFinite))
    .sort((a, b) => compareScores(b.scores, a.scores) || a.index - b.index);
  const front: typeof candidates = [];
  // From the best down: what comes later beats nothing before it, so a point is on the front if nothing that was taken beats it.
  for (const candidate of candidates) {
    // Of two objectives, the last taken is the best in the second: it alone needs looking at.
    const rivals = directions.length === 2 ? front.slice(-1) : front;
    if (!rivals.some(({ scores }) => dominates(scores, candidate.scores))) front.push(candidate);
  }
  return front.map(({ index }) => index);
}

/** Returns the point with the sign of each value that makes larger better. Throws `internal` where it has not one value per direction. */
export function scoresOf(point: readonly number[], directions: readonly Objective["direction"][]): readonly number[] {
  if (point.length !== directions.length)
    throw new CellwrightError("internal", expected("point", `${directions.length} values, one per objective`, point));
  return point.map((value, index) => (directions[index] === "minimize" ? -value : value));
}

/** Returns whether the first point is nowhere worse than the second and somewhere better, larger being better. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let isBetter = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! < b[i]!) return false;
    if (a[i]! > b[i]!) isBetter = true;
  }
  return isBetter;
}

/** By the first value that differs. */
function compareScores(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
