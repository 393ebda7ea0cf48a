/**
 * @file From a proposal to a trial: decode, size, check the constraints, and name what the trial computes, so that a duplicate
 * can take a stored result (law 5).
 */
import { hashJson } from "../base/hash.ts";
import { messageOf } from "../base/errors.ts";
import { formatCount } from "../base/units.ts";
import type { TrialMetrics } from "../evaluators/evaluator.ts";
import { canonicalId, costOf } from "../network/index.ts";
import type { Network } from "../network/network.ts";
import type { Proposal } from "../search/controller.ts";
import type { RecipeOverrides } from "../space/space.ts";
import type { StudyDefinition } from "./definition.ts";

export interface Admission {
  readonly proposal: Proposal;
  readonly canonicalId: string;
  /** With the canonical id: what makes two results the same. */
  readonly resultKey: string;
  /** Sizes, stored with the trial. */
  readonly metrics: TrialMetrics;
  readonly recipe: RecipeOverrides;
  /** Why the trial may not train, if so. */
  readonly rejected?: string;
}

/** How a trial's seed is chosen. Part of the result key: results under another policy are not the same measurement. */
const SEED_POLICY = "seed of the study and number of the trial";

/** Decodes and sizes a proposal, whose genotype is valid. A network that cannot be made or sized is a rejection. */
export function admit(definition: StudyDefinition, proposal: Proposal): Admission {
  const { space, evaluator } = definition;
  const keyOf = (recipe: RecipeOverrides) =>
    hashJson({
      evaluator: evaluator.key,
      epochs: proposal.epochs ?? null,
      continueFrom: proposal.continueFrom ?? null,
      recipe,
      seeds: SEED_POLICY,
    });
  try {
    const decoded = space.decode(proposal.genotype, definition.skeleton);
    const recipe = decoded.recipe ?? {};
    const network = decoded.network as Network;
    const { params, total, macs } = costOf(network);
    const rejected =
      overLimit("maxParams", params, definition.constraints?.maxParams) ??
      overLimit("maxMacs", macs, definition.constraints?.maxMacs);
    return {
      proposal,
      canonicalId: canonicalId(network),
      resultKey: keyOf(recipe),
      metrics: { params, total, macs },
      recipe,
      ...(rejected !== undefined && { rejected }),
    };
  } catch (error) {
    // A network that can't be made still needs an identity, by which its like is rejected without another try.
    return {
      proposal,
      canonicalId: `undecodable-${hashJson({ ...proposal.genotype })}`,
      resultKey: keyOf({}),
      metrics: {},
      recipe: {},
      rejected: messageOf(error),
    };
  }
}

function overLimit(name: string, value: number, limit: number | undefined): string | undefined {
  return limit !== undefined && value > limit
    ? `constraints.${name}: ${formatCount(value)} is over ${formatCount(limit)}`
    : undefined;
}
