/**
 * @file Which decision a mutation changes. AmoebaNet (arXiv 1802.01548, section 3.1 "search space" and methods) mutates a cell's
 * wiring (hidden-state mutation) or one of its operations (op mutation), each as likely; then the cell, then the place in the cell, all
 * uniform. In our terms: first the role, then the group, then the decision.
 */
import type { Rng } from "cellwright/base";
import type { Decision, DecisionRole } from "cellwright/space";

/** Relative frequency of each kind of mutation; a kind of which nothing is active takes no part. */
export type MutationWeights = Readonly<Record<DecisionRole, number>>;

/** Returns whether a decision has another value to go to. */
export function canChange(decision: Decision): boolean {
  if (decision.kind === "choice") return decision.options.length > 1;
  if (decision.kind === "int") return decision.max - decision.min >= decision.step;
  return decision.max > decision.min;
}

/**
 * Returns the decision to mutate, or undefined where nothing can change. Decisions of a cell (`input`, `operation`, `combiner`) are
 * picked group first, so that a small cell mutates as often as a large one; `other` decisions uniformly, so that a space without
 * cells mutates each of its active decisions as often.
 */
export function pickByRole(active: readonly Decision[], rng: Rng, weights: MutationWeights): Decision | undefined {
  const changeable = active.filter((decision) => canChange(decision));
  const role = pickRole(changeable, rng, weights);
  const candidates = changeable.filter((decision) => decision.role === role);
  if (candidates.length === 0) return undefined;
  if (role === "other") return rng.pick(candidates);
  const group = rng.pick([...new Set(candidates.map((decision) => decision.group))]);
  return rng.pick(candidates.filter((decision) => decision.group === group));
}

function pickRole(changeable: readonly Decision[], rng: Rng, weights: MutationWeights): DecisionRole | undefined {
  const roles = [...new Set(changeable.map((decision) => decision.role))].sort();
  const weighted = roles.filter((role) => weights[role] > 0);
  // Where only roles of weight 0 are left, they are better than no mutation at all.
  if (weighted.length === 0) return roles.length === 0 ? undefined : rng.pick(roles);
  let rest = rng.next() * weighted.reduce((sum, role) => sum + weights[role], 0);
  for (const role of weighted) {
    rest -= weights[role];
    if (rest < 0) return role;
  }
  return weighted.at(-1);
}
