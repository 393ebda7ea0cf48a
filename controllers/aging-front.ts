/**
 * @file Aging evolution for several objectives, each maximised or minimised. The population is that of Real and others (AmoebaNet, arXiv 1802.01548, algorithm 1): a queue out of which
 * the oldest goes, good or not. The parent is the best of a sample as NSGA-II has it (Deb and others, IEEE Transactions on Evolutionary Computation 6(2), 2002, section III): of the
 * best non-dominated rank, and among those the one with most room around it; or, as SMS-EMOA weighs (Beume, Naujoks and Emmerich, European Journal of Operational Research 181(3), 2007),
 * the one that adds most to the hypervolume of its rank.
 *
 * Where we differ. Trials run in parallel: a child joins, and the oldest leaves, in the order of telling. A child that was proposed before is drawn again. A failed trial joins nothing; a
 * pruned one joins with its last values if it has any.
 */
import { canonicalJson } from "cellwright/base";
import {
  dominates,
  hypervolumeShare,
  objectiveBox,
  oneOf,
  realNumber,
  resolveOptions,
  wholeNumber,
} from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { freshChild, individualOf, type Individual } from "./individual.ts";
import { rankByFrontAndRoom } from "./nsga2.ts";

export interface AgingFrontOptions {
  /** P in the AmoebaNet paper: how many of the latest trials are alive. Default 100, the paper's. With a budget of a few hundred trials 20, and as many drawn, does better. */
  readonly populationSize?: number;
  /** S in that paper: how many are drawn, with replacement, of which the best is the parent. Default 25, the paper's. */
  readonly sampleSize?: number;
  /** What chooses between those of the best rank in a sample: their room (`crowding`, the default) or their own part of the `hypervolume`. */
  readonly choice?: "crowding" | "hypervolume";
  /** Probability that a child has a second parent, chosen alike, before it is mutated. Default 0, the paper's. */
  readonly crossoverProbability?: number;
}

type Options = Required<AgingFrontOptions>;

const RULES: OptionRules<Options> = {
  populationSize: wholeNumber(100, { min: 2 }),
  sampleSize: wholeNumber(25, { min: 1 }),
  choice: oneOf("crowding", ["crowding", "hypervolume"]),
  crossoverProbability: realNumber(0, { min: 0, max: 1 }),
};

/** Returns aging evolution for several objectives. Throws `config` naming each option that is wrong. O(objectives sample²) an ask, O(population) a tell. */
export function agingFront(options: AgingFrontOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Options>("agingFront", options, RULES);
  return {
    name: "aging evolution of a front",
    options: { ...resolved },
    create: (context) => createAgingFront(resolved, context),
  };
}

function createAgingFront(options: Options, { space, rng, objectives }: ControllerContext): Controller {
  /** Oldest first. */
  const population: Individual[] = [];
  const started = new Set<string>();
  const directions = objectives.map(({ direction }) => direction);
  const bestOf = options.choice === "crowding" ? mostRoom : mostVolume;

  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      const parent = (): Genotype => {
        const sample = Array.from({ length: options.sampleSize }, () => draw.pick(population));
        // One that was drawn twice would take its own room away.
        const distinct = [...new Set(sample)];
        return distinct[bestOf(distinct.map(({ scores }) => scores))]!.genotype;
      };
      const child = (): Genotype => {
        if (population.length < options.populationSize) return space.sample(draw);
        const isCrossed = draw.next() < options.crossoverProbability;
        return space.mutate(isCrossed ? space.crossover(parent(), parent(), draw) : parent(), draw);
      };
      return { genotype: freshChild(child, started) };
    },
    tell(event) {
      if (event.kind === "started") {
        started.add(canonicalJson(event.proposal.genotype));
        return;
      }
      const individual = individualOf(event.trial, directions);
      if (individual === undefined) return;
      population.push(individual);
      if (population.length > options.populationSize) population.shift();
    },
  };
}

/** Returns the index of the point of best rank with most room. */
function mostRoom(points: readonly (readonly number[])[]): number {
  return rankByFrontAndRoom(points)[0]!;
}

/**
 * Returns the index of the point that nothing dominates and without which the hypervolume of those that nothing dominates would lose most, as a share of their box, each side of which is a
 * tenth longer towards the worse: so that its ends have a part, too. Of equals the first.
 */
export function mostVolume(points: readonly (readonly number[])[]): number {
  const front = points.flatMap((point, index) => (points.some((other) => dominates(other, point)) ? [] : [index]));
  const ways = points[0]!.map(() => "maximize" as const);
  const { worst, best } = objectiveBox(
    front.map((index) => points[index]!),
    ways,
  )!;
  const box = { worst: worst.map((value, axis) => value - 0.1 * (best[axis]! - value)), best };
  const volumeOf = (indices: readonly number[]): number =>
    hypervolumeShare(
      indices.map((index) => points[index]!),
      ways,
      box,
    );
  const left = front.map((index) => volumeOf(front.filter((other) => other !== index)));
  return front[left.indexOf(Math.min(...left))]!;
}
