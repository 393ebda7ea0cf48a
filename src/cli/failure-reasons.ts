/** @file Why trials failed, each reason once: for the report, and for a search that came to nothing. */
import type { TrialRecord } from "../storage/storage.ts";

export interface FailureReason {
  readonly reason: string;
  /** Numbers of the trials that failed for it, in the order of proposing. */
  readonly trials: readonly number[];
}

/** Returns why a trial failed, for people. */
export function failureReason(trial: TrialRecord): string {
  return trial.reason || "no reason given";
}

/** Returns the reasons of failed trials, the most frequent first. */
export function failureReasons(trials: readonly TrialRecord[]): readonly FailureReason[] {
  const reasons = new Map<string, number[]>();
  for (const trial of trials) {
    if (trial.state !== "failed") continue;
    const reason = failureReason(trial);
    reasons.set(reason, [...(reasons.get(reason) ?? []), trial.number]);
  }
  return [...reasons]
    .map(([reason, numbers]) => ({ reason, trials: numbers }))
    .toSorted((a, b) => b.trials.length - a.trials.length);
}
