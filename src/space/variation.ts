/** @file New genotypes from nothing, from one and from two: sampling, mutation, crossover. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import type { Decision, Genotype } from "./space.ts";
import { isMutable, otherValue, sampleValue } from "./values.ts";
import { activeDecisions, walk } from "./walk.ts";

/** Returns one genotype, every option as likely at its decision. One draw per active decision. */
export function sampleGenotype(decisions: readonly Decision[], rng: Rng): Genotype {
  return walk(decisions, (decision) => sampleValue(decision, rng));
}

/**
 * Returns a genotype that takes another value at one active decision: what that opens is sampled, what it closes is dropped, all
 * else stays. `pick` chooses among the active decisions that have more than one value; default uniform. Throws `space` if none has.
 */
export function mutateGenotype(
  decisions: readonly Decision[],
  genotype: Genotype,
  rng: Rng,
  pick: (active: readonly Decision[], rng: Rng) => Decision = (active, rng) => rng.pick(active),
): Genotype {
  const mutable = activeDecisions(decisions, genotype).filter(isMutable);
  if (mutable.length === 0)
    throw new CellwrightError("space", "Expected a decision with more than one value to mutate. Received: none.");
  const picked = pick(mutable, rng);
  const chosen = mutable.find((decision) => decision.path === picked?.path);
  if (chosen === undefined)
    throw new CellwrightError("space", expected("mutate", "one of the decisions it offered to pick", picked?.path));
  const value = otherValue(chosen, genotype[chosen.path] as number, rng);
  return walk(decisions, (decision) => {
    if (decision.path === chosen.path) return value;
    return genotype[decision.path] ?? sampleValue(decision, rng);
  });
}

/**
 * Returns a child that takes each decision active in both parents from either with probability 1/2. One that is active in a single
 * parent comes from that parent: an option is only taken from a parent that has decided what it opens, so nothing is left to sample.
 */
export function crossGenotypes(decisions: readonly Decision[], a: Genotype, b: Genotype, rng: Rng): Genotype {
  return walk(decisions, ({ path }) => {
    const [left, right] = [a[path], b[path]];
    if (left === undefined) return right as number;
    if (right === undefined) return left;
    return rng.next() < 0.5 ? left : right;
  });
}
