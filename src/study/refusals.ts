/** @file What constraints refused of a study, counted from what is stored: draws that a controller was spared, and proposals that were rejected. */
import type { TrialMetrics } from "../evaluators/evaluator.ts";
import { NONE_REFUSED, type RefusalCounts } from "../search/constraints.ts";
import { constraintNames } from "../space/constraints.ts";
import type { TrialRecord } from "../storage/storage.ts";

const DRAWS = "refusedDraws";

/** Returns what is stored, with the trial that came of them, of draws that were refused. */
export function drawMetrics({ refused, by }: RefusalCounts): TrialMetrics {
  if (refused === 0) return {};
  return {
    [DRAWS]: refused,
    ...Object.fromEntries(Object.entries(by).map(([name, count]) => [`${DRAWS}.${name}`, count])),
  };
}

/** Returns metrics without those of draws: another trial that takes them was not drawn so. */
export function withoutDraws(metrics: TrialMetrics): TrialMetrics {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => name.split(".")[0] !== DRAWS));
}

/** Returns how many candidates the constraints refused, and which constraint how many. */
export function refusedOf(trials: readonly TrialRecord[]): RefusalCounts {
  let { refused } = NONE_REFUSED;
  const by: Record<string, number> = {};
  const add = (name: string, count: unknown): void => {
    if (typeof count === "number") by[name] = (by[name] ?? 0) + count;
  };
  for (const { metrics } of trials) {
    const draws = metrics[DRAWS];
    if (typeof draws === "number") refused += draws;
    for (const name of constraintNames) add(name, metrics[`${DRAWS}.${name}`]);
    const names = metrics["refusedBy"];
    if (typeof names !== "string") continue;
    refused++;
    for (const name of new Set(names.split(" "))) add(name, 1);
  }
  return { refused, by };
}
