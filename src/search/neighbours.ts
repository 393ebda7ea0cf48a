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

/**
 * Returns the neighbours of a valid genotype, decision by decision. Of a number with many values they are one below and one above, at a random distance
 * (half-normal, at least one step); a choice that opens decisions has these sampled. As many as options, each linear in the active decisions.
 */
export function neighbours(
  space: { readonly decisions: readonly Decision[] },
  genotype: Genotype,
  rng: Rng,
): Genotype[] {
  const { decisions } = space;
  return activeDecisions(decisions, genotype).flatMap((changed) => {
    const present = genotype[changed.path] as number;
    return otherValues(changed, present, rng).map((value) =>
      walk(decisions, (decision) =>
        decision.path === changed.path ? value : (genotype[decision.path] ?? sampleValue(decision, rng)),
      ),
    );
  });
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
