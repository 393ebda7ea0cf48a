/** @file The order of finished trials, best first. */
import type { Objective } from "../search/controller.ts";
import type { RetrainRecord, TrialRecord } from "../storage/storage.ts";

/** A trial with what its retraining measured. */
export interface RankedTrial {
  readonly rank: number;
  readonly trial: TrialRecord;
  /** First objective of each complete retraining, of those with the most epochs. */
  readonly retrained: readonly number[];
  /** Mean of `retrained`, if there is one. */
  readonly retrainedMean?: number;
}

/** Returns the complete, distinct trials by their first objective, best first; ties by number. */
export function rankTrials(trials: readonly TrialRecord[], objectives: readonly Objective[]): TrialRecord[] {
  const sign = objectives[0]?.direction === "minimize" ? -1 : 1;
  return trials
    .filter(
      (trial) => trial.state === "complete" && trial.duplicateOf === undefined && Number.isFinite(trial.values?.[0]),
    )
    .toSorted((a, b) => sign * ((b.values?.[0] ?? 0) - (a.values?.[0] ?? 0)) || a.number - b.number);
}

/** Returns the trials in the final order: retrained ones first, by the mean of their retraining; the others by the search's value. */
export function rankAll(
  trials: readonly TrialRecord[],
  retrains: readonly RetrainRecord[],
  objectives: readonly Objective[],
): RankedTrial[] {
  const sign = objectives[0]?.direction === "minimize" ? -1 : 1;
  const entries = rankTrials(trials, objectives).map((trial) => {
    const complete = retrains.filter((record) => record.trial === trial.number && record.state === "complete");
    // What was trained for fewer epochs says less, and a mean of both says nothing.
    const longest = Math.max(...complete.map(({ epochs }) => epochs));
    const retrained = complete.flatMap(({ epochs, values }) =>
      epochs === longest && values?.[0] !== undefined ? [values[0]] : [],
    );
    return {
      trial,
      retrained,
      mean: retrained.length > 0 ? retrained.reduce((sum, value) => sum + value, 0) / retrained.length : undefined,
    };
  });
  // The sort is stable, so what was not retrained keeps the search's order.
  const ordered = entries.toSorted((a, b) => {
    if (a.mean === undefined && b.mean === undefined) return 0;
    if (a.mean === undefined) return 1;
    if (b.mean === undefined) return -1;
    return sign * (b.mean - a.mean);
  });
  return ordered.map(({ trial, retrained, mean }, index) => ({
    rank: index + 1,
    trial,
    retrained,
    ...(mean !== undefined && { retrainedMean: mean }),
  }));
}
