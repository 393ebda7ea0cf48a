/**
 * @file Median pruning: a trial is stopped at a step where its value is worse than the median of what finished trials had
 * reported at that step (Golovin et al., "Google Vizier", 2017, section 3.3.1, in the form that compares values at equal steps).
 *
 * Only finished trials count, so that the answer follows from the stored events and not from who was quicker.
 */
import type { Objective } from "../search/controller.ts";
import type { StepRecord, TrialRecord } from "../storage/storage.ts";
import type { PrunerOptions } from "./definition.ts";

export interface Pruner {
  /** Answers whether a trial that reports `values` at `step` goes on. */
  judge(step: number, values: readonly number[]): "continue" | "stop";
  /** Takes in the steps of a finished trial (its last attempt's). */
  add(trial: TrialRecord, steps: readonly StepRecord[]): void;
}

/** Returns a median pruner for the first objective. */
export function medianPruner(options: PrunerOptions, objectives: readonly Objective[]): Pruner {
  const startupTrials = options.startupTrials ?? 5;
  const warmupSteps = options.warmupSteps ?? 1;
  const sign = objectives[0]?.direction === "minimize" ? -1 : 1;
  const byStep = new Map<number, number[]>();
  let finished = 0;
  return {
    judge(step, values) {
      const value = values[0];
      if (value === undefined || step <= warmupSteps || finished < startupTrials) return "continue";
      const others = byStep.get(step);
      if (others === undefined || others.length === 0) return "continue";
      return sign * value < median(others) ? "stop" : "continue";
    },
    add(trial, steps) {
      if (trial.state === "failed" || trial.duplicateOf !== undefined) return;
      finished++;
      const lastAttempt = Math.max(...steps.map((step) => step.attempt));
      for (const step of steps) {
        const value = step.values[0];
        if (step.attempt !== lastAttempt || value === undefined || !Number.isFinite(value)) continue;
        const values = byStep.get(step.step) ?? [];
        values.push(sign * value);
        byStep.set(step.step, values);
      }
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
