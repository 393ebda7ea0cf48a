/**
 * @file The neighbourhood of a genotype: all that differ from it in one active decision (and in what that one opens or closes). Local search
 * climbs over it, model-based controllers take candidates from it.
 */
import type { Rng } from "../base/rng.ts";
import type { Decision, Genotype } from "../space/space.ts";
import { cardinality, fromUnit, sampleValue, toUnit, valueAt } from "../space/values.ts";
import { activeDecisions, walk } from "../space/walk.ts";

/** An int of at most this many values has all of them as neighbours, as a choice has all options; one of more, or a float, has two. */
const FEW = 8;

/** Mean distance, in units of the range, of the two neighbours of a number with many values. */
const STEP = 0.1;

/** One step from a genotype to a neighbour. */
export interface Change {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Whether the decision is all that differs: it opened nothing, and opens nothing. */
  readonly isAlone: boolean;
  /** Returns the neighbour, the same each time. */
  readonly genotype: () => Genotype;
}

/**
 * Returns what leads to the neighbours of a valid genotype, decision by decision. Of a number with many values they are one below and one above, at a random distance
 * (half-normal, at least one step); a choice that opens decisions has these sampled. As many as options; a neighbour that differs in one decision is made when asked for, linear in
 * the active decisions, and the others are made at once.
 */
export function changesOf(
  space: { readonly decisions: readonly Decision[] },
  genotype: Genotype,
  rng: Rng,
): readonly Change[] {
  const { decisions } = space;
  return activeDecisions(decisions, genotype).flatMap((changed) => {
    const { path } = changed;
    const from = genotype[path] as number;
    return otherValues(changed, from, rng).map((to): Change => {
      if (!opens(changed, from) && !opens(changed, to))
        return { path, from, to, isAlone: true, genotype: () => ({ ...genotype, [path]: to }) };
      const made = walk(decisions, (decision) =>
        decision.path === path ? to : (genotype[decision.path] ?? sampleValue(decision, rng)),
      );
      return { path, from, to, isAlone: false, genotype: () => made };
    });
  });
}

/** Returns the neighbours of a valid genotype, see `changesOf`. Each is linear in the active decisions. */
export function neighbours(
  space: { readonly decisions: readonly Decision[] },
  genotype: Genotype,
  rng: Rng,
): Genotype[] {
  return changesOf(space, genotype, rng).map((change) => change.genotype());
}

/** Says whether a decision opens others where it takes this value. */
function opens(decision: Decision, value: number): boolean {
  return decision.kind === "choice" && (decision.options[value]?.children.length ?? 0) > 0;
}

function otherValues(decision: Decision, present: number, rng: Rng): readonly number[] {
  if (decision.kind !== "float" && (decision.kind === "choice" || cardinality(decision) <= FEW))
    return Array.from({ length: cardinality(decision) }, (_, index) => valueAt(decision, index)).filter(
      (value) => value !== present,
    );
  const least = decision.kind === "int" ? 1 / (cardinality(decision) - 1) : 0;
  const at = toUnit(decision, present);
  const beside = [-1, 1].map((sign) => fromUnit(decision, at + sign * Math.max(least, STEP * Math.abs(rng.normal()))));
  return beside.filter((value) => value !== present);
}
