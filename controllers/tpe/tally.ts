/**
 * @file What the good trials took of each decision, and what the others did, kept up trial by trial: a trial that is told changes a few counts, so that an ask does not go through
 * all that came before. The tree of a conditional space needs nothing more: a decision is counted in the trials in which it was active.
 */
import { flatten, type Decision, type Genotype } from "cellwright/space";
import { placeIn } from "../place-in.ts";
import { choiceEstimate, numberEstimate, positionOf, type Estimate } from "./parzen.ts";

export interface Tally {
  add(genotype: Genotype): void;
  /** Takes back what was added with an equal genotype. */
  remove(genotype: Genotype): void;
  /** Returns the estimate of a decision as it is now. */
  estimate(decision: Decision): Estimate;
}

/** Returns a tally of no trials. An add or a removal is linear in the decisions, and for each number in the trials (a move of memory). */
export function createTally(decisions: readonly Decision[]): Tally {
  /** Of a choice, how often each option was taken; of a number, its positions in ascending order. */
  const taken = new Map<string, { readonly decision: Decision; readonly values: number[] }>(
    flatten(decisions).map((decision) => [
      decision.path,
      { decision, values: decision.kind === "choice" ? decision.options.map(() => 0) : [] },
    ]),
  );
  const count = (genotype: Genotype, step: 1 | -1): void => {
    for (const [path, value] of Object.entries(genotype)) {
      const entry = taken.get(path);
      if (entry === undefined) continue;
      const { decision, values } = entry;
      if (decision.kind === "choice") {
        values[value]! += step;
        continue;
      }
      const position = positionOf(decision, value);
      const place = placeIn(values, (other) => other < position);
      if (step > 0) values.splice(place, 0, position);
      else values.splice(place, 1);
    }
  };
  return {
    add: (genotype) => count(genotype, 1),
    remove: (genotype) => count(genotype, -1),
    estimate(decision) {
      const values = taken.get(decision.path)?.values ?? [];
      return decision.kind === "choice" ? choiceEstimate(values) : numberEstimate(decision, values);
    },
  };
}
