/** @file A space of which only what meets constraints is drawn: what a controller is given, so that its proposals are worth training. */
import type { Network } from "../network/index.ts";
import type { ConstraintName, Constraints } from "../space/constraints.ts";
import type { AnySpace, Genotype, SkeletonBase } from "../space/space.ts";
import { candidateOf, type Candidate } from "./candidate.ts";
import { countRefusal, hasConstraints, NONE_REFUSED, noneMeet, refusalsOf, type RefusalCounts } from "./constraints.ts";

/** Samples in a row that are refused before constraints are said to be too tight: none of 3,000 means, at 95 %, that fewer than 1 in 1,000 meet them (the rule of three). */
export const MAX_REFUSED_SAMPLES = 3_000;
/** Changes of given genotypes in a row that are refused before one is let through: there may be no other near them. */
const MAX_REFUSED_VARIATIONS = 100;

export interface ConstrainedSpace {
  readonly space: AnySpace;
  /** Returns what was refused since it was last asked. */
  readonly takeRefused: () => RefusalCounts;
}

/**
 * Returns the space with `sample`, `mutate` and `crossover` drawing on from the same stream until the constraints are met. `sample` throws `config`
 * after 3,000 in a row, naming which constraint refuses how many; the others return their hundredth try, met or not. A genotype that
 * doesn't decode is let through: that is no matter of constraints. Each try costs a decode. Latencies aren't looked at.
 */
export function constrainedSpace(
  space: AnySpace,
  all: readonly Constraints<Network>[],
  skeleton: SkeletonBase | undefined,
): ConstrainedSpace {
  let counts = NONE_REFUSED;
  const takeRefused = (): RefusalCounts => {
    const taken = counts;
    counts = NONE_REFUSED;
    return taken;
  };
  if (!hasConstraints(all)) return { space, takeRefused };
  /** What a genotype breaks, counted. */
  const broken = (genotype: Genotype): readonly ConstraintName[] => {
    const candidate = decoded(space, genotype, skeleton);
    const names = candidate === undefined ? [] : refusalsOf(all, candidate).map(({ constraint }) => constraint);
    if (names.length > 0) counts = countRefusal(counts, names);
    return names;
  };
  const vary = (draw: () => Genotype): Genotype => {
    for (let i = 1; ; i++) {
      const genotype = draw();
      // What is let through is refused by whoever admits it, and counted there.
      if (i === MAX_REFUSED_VARIATIONS || broken(genotype).length === 0) return genotype;
    }
  };
  return {
    takeRefused,
    space: {
      ...space,
      sample(rng) {
        let own = NONE_REFUSED;
        for (let i = 0; i < MAX_REFUSED_SAMPLES; i++) {
          const genotype = space.sample(rng);
          const names = broken(genotype);
          if (names.length === 0) return genotype;
          own = countRefusal(own, names);
        }
        throw noneMeet("samples", MAX_REFUSED_SAMPLES, own);
      },
      mutate: (genotype, rng, pick) => vary(() => space.mutate(genotype, rng, pick)),
      crossover: (a, b, rng) => vary(() => space.crossover(a, b, rng)),
    },
  };
}

function decoded(space: AnySpace, genotype: Genotype, skeleton: SkeletonBase | undefined): Candidate | undefined {
  try {
    return candidateOf(space, genotype, skeleton);
  } catch {
    return undefined;
  }
}
