/**
 * @file From what an evaluator measures to what a study is after: evaluators give their values in the order of their measures; all that
 * is stored, pruned by, told and ranked is in the order of the objectives. An objective may also be a cost, which is known before the evaluator is asked (parameters,
 * multiply-accumulates, a measured latency), or weigh a measure by one.
 */
import type { Evaluator, Outcome, TrialMetrics } from "../evaluators/evaluator.ts";
import type { Objective } from "../search/controller.ts";
import { costNames, rewardOf, type CostName } from "../search/mnasnet-reward.ts";

/** Costs of a candidate; the latency only where it was measured. */
export type Costs = Pick<TrialMetrics, CostName>;

export interface Measured {
  /** Returns one value per objective; NaN for what was not measured. */
  values(measured: readonly number[], costs: Costs): readonly number[];
  /** Returns the outcome with one value per objective. A complete one that lacks a finite value of one is a failure that says so. */
  outcome(outcome: Outcome, costs: Costs): Outcome;
}

/** Returns the value of an objective from what `read` says of measures and costs by name; NaN where it says nothing. */
export function objectiveValue({ name, reward }: Objective, read: (name: string) => number | undefined): number {
  if (reward === undefined) return read(name) ?? Number.NaN;
  return rewardOf(read(reward.measure) ?? Number.NaN, read(reward.cost) ?? Number.NaN, reward);
}

/** Returns the cost of that name; undefined where it is none, or was not measured. */
export function costOf(costs: Costs, name: string): number | undefined {
  const cost = costNames.find((each) => each === name);
  return cost && costs[cost];
}

/** Returns whether a candidate's latency has to be measured here: an objective is about it, and the evaluator doesn't measure it itself. */
export function needsLatency({ measures }: Pick<Evaluator, "measures">, objectives: readonly Objective[]): boolean {
  const isNeeded = objectives.some(({ name, reward }) => (reward?.cost ?? name) === "latencyMs");
  return isNeeded && !measures.includes("latencyMs");
}

/** Returns the way from the values of this evaluator to these objectives. What it measures itself goes before a cost of the same name. */
export function measuredBy(evaluator: Pick<Evaluator, "measures">, objectives: readonly Objective[]): Measured {
  const reader = (measured: readonly number[], costs: Costs) => (name: string) => {
    const place = evaluator.measures.indexOf(name);
    return place < 0 ? costOf(costs, name) : measured[place];
  };
  const values = (measured: readonly number[], costs: Costs): readonly number[] => {
    const read = reader(measured, costs);
    return objectives.map((objective) => objectiveValue(objective, read));
  };
  return {
    values,
    outcome(outcome, costs) {
      if (outcome.state === "failed" || outcome.values === undefined) return outcome;
      const chosen = values(outcome.values, costs);
      const wrong = chosen.findIndex((value) => !Number.isFinite(value));
      const objective = objectives[wrong];
      if (outcome.state === "pruned" || objective === undefined) return { ...outcome, values: chosen };
      const received = objective.reward === undefined ? reader(outcome.values, costs)(objective.name) : chosen[wrong];
      const reason = `${objective.name} was not a finite number: ${received}`;
      return { state: "failed", reason, metrics: outcome.metrics };
    },
  };
}
