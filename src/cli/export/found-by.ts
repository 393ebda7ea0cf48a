/** @file How an architecture was found, in words: what a model card says of the search. */
import { formatCount, formatDuration } from "../../base/units.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import type { Study } from "../../study/study.ts";

/**
 * Returns `aging evolution in the space nasnet (version 1), study cells: trial 12 of 120 (110 complete, 8 failed, 2 pruned), 3 h 20 min of compute in all trials, 1 h 41 min of
 * wall time`. Compute time is what trials spent in the evaluator, one after the other; a result that was taken from another trial cost none.
 */
export async function searchText(study: Study, trial: number): Promise<string> {
  const { definition, storage } = study;
  const { space, controller } = definition;
  const trials = await storage.trials();
  const computeMs = trials.reduce((sum, one) => sum + computeMsOf(one), 0);
  const { elapsedMs } = storage.study;
  const wall = elapsedMs > 0 ? `, ${formatDuration(elapsedMs)} of wall time` : "";
  return (
    `${controller.name} in the space ${space.name} (version ${space.version}), study ${study.name}: ` +
    `trial ${trial} of ${formatCount(trials.length)} (${statesText(trials)}), ${formatDuration(computeMs)} of compute in all trials${wall}`
  );
}

function computeMsOf({ metrics, duplicateOf, startedMs, finishedMs }: TrialRecord): number {
  if (duplicateOf !== undefined || finishedMs === undefined) return 0;
  // The times of a trial that was interrupted stand days apart: they are the last resort.
  return metrics.totalMs ?? metrics.trainMs ?? finishedMs - startedMs;
}

function statesText(trials: readonly TrialRecord[]): string {
  const counts = (["complete", "pruned", "failed", "running"] as const).map(
    (state) => [state, trials.filter((trial) => trial.state === state).length] as const,
  );
  return counts
    .filter(([state, count]) => count > 0 || state === "complete")
    .map(([state, count]) => `${formatCount(count)} ${state}`)
    .join(", ");
}
