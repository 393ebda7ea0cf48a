/** @file A genotype with everything that follows from it without training: its network, what that costs, and what tells it from others. */
import { canonicalJson } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { canonicalId, costOf, forwardMemory, type Network } from "../network/index.ts";
import type { AnySpace, CandidateCost, Genotype, RecipeOverrides, SkeletonBase } from "../space/space.ts";

export interface Candidate {
  readonly genotype: Genotype;
  readonly network: Network;
  readonly recipe: RecipeOverrides;
  readonly cost: CandidateCost;
}

/** Decodes and sizes a genotype. Throws what decoding throws, and `space` or `shape` where what came of it is no network. */
export function candidateOf(space: AnySpace, genotype: Genotype, skeleton: SkeletonBase = {}): Candidate {
  const decoded = space.decode(genotype, skeleton) as unknown;
  const { network, recipe = {} } = (decoded ?? {}) as { network?: Network; recipe?: RecipeOverrides };
  if (!Array.isArray(network?.nodes) || typeof network.outputs?.logits !== "string")
    throw new CellwrightError(
      "space",
      expected(`space ${space.name}: decode`, "{ network }, the network made by network(…)", decoded),
    );
  const cost = costOf(network);
  const { params, total, macs } = cost;
  return { genotype, network, recipe, cost: { params, total, macs, memory: forwardMemory(network, cost) } };
}

/** Returns what two candidates have in common that compute the same function and train alike. */
export function functionKey({ network, recipe }: Pick<Candidate, "network" | "recipe">): string {
  return `${canonicalId(network)}${canonicalJson(recipe)}`;
}
