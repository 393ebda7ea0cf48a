/** @file The one traversal of a decision tree. Sampling, variation, enumeration and decoding differ only in where values come from. */
import type { Decision, Genotype } from "./space.ts";

/**
 * Takes every decision in declaration order, asking `take` for its value; a choice's children follow it when their option is taken.
 * Returns the genotype, keys in that order. Linear in the active decisions.
 */
export function walk(decisions: readonly Decision[], take: (decision: Decision) => number): Genotype {
  const taken: Record<string, number> = {};
  const visit = (level: readonly Decision[]): void => {
    for (const decision of level) {
      const value = take(decision);
      taken[decision.path] = value;
      if (decision.kind === "choice") visit(decision.options[value]?.children ?? []);
    }
  };
  visit(decisions);
  return taken;
}

/** Returns every decision of the tree, active or not, in declaration order. */
export function flatten(decisions: readonly Decision[]): readonly Decision[] {
  return decisions.flatMap((decision) =>
    decision.kind === "choice"
      ? [decision, ...decision.options.flatMap((option) => flatten(option.children))]
      : [decision],
  );
}

/** Returns the decisions that are active under a valid genotype, in declaration order. */
export function activeDecisions(decisions: readonly Decision[], genotype: Genotype): readonly Decision[] {
  const active: Decision[] = [];
  walk(decisions, (decision) => {
    active.push(decision);
    return genotype[decision.path] as number;
  });
  return active;
}
