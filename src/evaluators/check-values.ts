/** @file The values of a trial held against the measures that its evaluator announced: as many, and numbers that can be compared. */
import { expected } from "../base/errors.ts";
import type { Outcome } from "./evaluator.ts";

/** Returns what is wrong with the number of values, in words, or undefined. `place` names them. */
export function countObjection(
  place: string,
  values: readonly number[],
  measures: readonly string[],
): string | undefined {
  if (values.length === measures.length) return undefined;
  const what = measures.length === 1 ? "1 value" : `${measures.length} values`;
  return expected(place, `${what} (${measures.join(", ")})`, values.length);
}

/** Returns an outcome as it is, or as failed with the reason if its values are not a finite number for each measure. */
export function finiteOrFailed(outcome: Outcome, measures: readonly string[]): Outcome {
  if (outcome.state === "failed" || outcome.values === undefined) return outcome;
  const { values, metrics } = outcome;
  const wrongCount = countObjection("the evaluator's outcome", values, measures);
  if (wrongCount !== undefined) return { state: "failed", reason: wrongCount, metrics };
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return outcome;
  return { state: "failed", reason: `${measures[wrong]} was not finite: ${values[wrong]}`, metrics };
}
