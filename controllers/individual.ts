/** @file A member of a population that is judged by several objectives, and how evolution of a front makes children: shared by NSGA-II and the aging one. */
import { canonicalJson } from "cellwright/base";
import { scoresOf } from "cellwright/search";
import type { FinishedTrial, Objective } from "cellwright/search";
import type { Genotype } from "cellwright/space";

export interface Individual {
  readonly genotype: Genotype;
  /** One per objective; larger is better. */
  readonly scores: readonly number[];
}

/** Returns the individual that a trial gave, or undefined for a failed one and one without a finite value of each objective. */
export function individualOf(
  { state, values, proposal }: FinishedTrial,
  directions: readonly Objective["direction"][],
): Individual | undefined {
  if (state === "failed" || values === undefined || !values.every(Number.isFinite)) return undefined;
  return { genotype: proposal.genotype, scores: scoresOf(values, directions) };
}

/** How often a child that was proposed before is drawn again. */
const DRAWS = 20;

/** Returns a child whose canonical JSON is not in `started`, or the last of twenty. */
export function freshChild(child: () => Genotype, started: ReadonlySet<string>): Genotype {
  let genotype = child();
  for (let i = 1; i < DRAWS && started.has(canonicalJson(genotype)); i++) genotype = child();
  return genotype;
}
