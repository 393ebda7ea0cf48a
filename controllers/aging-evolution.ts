/**
 * @file Aging (regularized) evolution: Real, Aggarwal, Huang and Le, "Regularized Evolution for Image Classifier Architecture Search"
 * (AmoebaNet), arXiv 1802.01548, algorithm 1. A queue of P individuals; each cycle draws a sample of S uniformly with replacement,
 * takes its best as the parent, appends the parent's mutated child when that has been trained, and drops the oldest whether it is
 * good or not, so that only what keeps doing well in its descendants stays.
 *
 * Where we differ. Trials run in parallel: a child joins, and the oldest leaves, in the order in which trials are told as finished, and
 * until P have joined every proposal is random. A mutation takes a value other than the present one, as staying is what the
 * identity mutation is for. A failed trial joins nothing and pushes nobody out. A pruned trial joins with its last reported value if it
 * has one (it was below the median then, so it seldom becomes a parent, but it ages the others); without one it counts as failed.
 */
import { realNumber, resolveOptions, scoreOf, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { pickByRole, type MutationWeights } from "./role-mutation.ts";

export interface AgingEvolutionOptions {
  /** P in the paper: how many of the latest trials are alive. Default 100, the paper's. With a budget below about 300 trials 30 does better. */
  readonly populationSize?: number;
  /** S in the paper: how many are drawn, with replacement, of which the best is the parent. Default 25, the paper's. */
  readonly sampleSize?: number;
  /**
   * Probability that the child is its parent unchanged. Default 0.05, the paper's, where it trains the parent anew; in a study that takes
   * the stored result of a duplicate it renews the parent's age at no cost.
   */
  readonly identityProbability?: number;
  /** Relative frequency of hidden-state mutations (a cell's wiring). Default 1: as frequent as op mutations, as in the paper. */
  readonly inputWeight?: number;
  /** Relative frequency of op mutations. Default 1. */
  readonly operationWeight?: number;
  /** Relative frequency of mutations of combiners. Default 0.5 (not in the paper, whose cells only add): a block has one combiner and two inputs. */
  readonly combinerWeight?: number;
  /** Relative frequency of mutations of decisions outside cells. Default 1 (not in the paper). In a space without cells each such decision mutates as often. */
  readonly otherWeight?: number;
}

const weight = (fallback: number) => realNumber(fallback, { min: 0 });

const RULES: OptionRules<Required<AgingEvolutionOptions>> = {
  populationSize: wholeNumber(100, { min: 2 }),
  sampleSize: wholeNumber(25, { min: 1 }),
  identityProbability: realNumber(0.05, { min: 0, max: 1 }),
  inputWeight: weight(1),
  operationWeight: weight(1),
  combinerWeight: weight(0.5),
  otherWeight: weight(1),
};

/** One that is alive. */
interface Individual {
  readonly genotype: Genotype;
  readonly score: number;
}

/** Returns aging evolution. Throws `config` naming each option that is wrong. O(population + sample) an ask, O(population) a tell. */
export function agingEvolution(options: AgingEvolutionOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Required<AgingEvolutionOptions>>("agingEvolution", options, RULES);
  return {
    name: "aging evolution",
    options: { ...resolved },
    create: (context) => createAgingEvolution(resolved, context),
  };
}

function createAgingEvolution(
  options: Required<AgingEvolutionOptions>,
  { space, rng, objectives }: ControllerContext,
): Controller {
  /** Oldest first. */
  const population: Individual[] = [];
  const weights: MutationWeights = {
    input: options.inputWeight,
    operation: options.operationWeight,
    combiner: options.combinerWeight,
    other: options.otherWeight,
  };
  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      if (population.length < options.populationSize) return { genotype: space.sample(draw) };
      let parent = draw.pick(population);
      for (let i = 1; i < options.sampleSize; i++) {
        const other = draw.pick(population);
        if (other.score > parent.score) parent = other;
      }
      if (draw.next() < options.identityProbability) return { genotype: parent.genotype };
      const target = pickByRole(space.active(parent.genotype), draw, weights);
      return { genotype: target === undefined ? parent.genotype : space.mutate(parent.genotype, draw, () => target) };
    },
    tell(event) {
      if (event.kind !== "finished") return;
      const score = scoreOf(event.trial, objectives);
      if (event.trial.state === "failed" || score === undefined) return;
      population.push({ genotype: event.trial.proposal.genotype, score });
      if (population.length > options.populationSize) population.shift();
    },
  };
}
