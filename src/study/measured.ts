/**
 * @file From what an evaluator measures to what a study is after: evaluators give their values in the order of their measures; all that
 * is stored, pruned by, told and ranked is in the order of the objectives.
 */
import type { Evaluator, Outcome } from "../evaluators/evaluator.ts";
import type { Objective } from "../search/controller.ts";

export interface Measured {
  /** Returns one value per objective; NaN for what was not measured. */
  values(measured: readonly number[]): readonly number[];
  /** Returns the outcome with one value per objective. A complete one that lacks a finite value of one is a failure that says so. */
  outcome(outcome: Outcome): Outcome;
}

/** Returns the way from the values of this evaluator to these objectives. */
export function measuredBy(evaluator: Evaluator, objectives: readonly Objective[]): Measured {
  const places = objectives.map(({ name }) => evaluator.measures.indexOf(name));
  const values = (measured: readonly number[]): readonly number[] =>
    places.map((place) => measured[place] ?? Number.NaN);
  return {
    values,
    outcome(outcome) {
      if (outcome.state === "failed" || outcome.values === undefined) return outcome;
      const chosen = values(outcome.values);
      const wrong = chosen.findIndex((value) => !Number.isFinite(value));
      if (outcome.state === "pruned" || wrong < 0) return { ...outcome, values: chosen };
      const reason = `${objectives[wrong]?.name} was not a finite number: ${outcome.values[places[wrong] ?? -1]}`;
      return { state: "failed", reason, metrics: outcome.metrics };
    },
  };
}
