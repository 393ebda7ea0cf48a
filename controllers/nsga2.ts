/**
 * @file NSGA-II: Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE Transactions on Evolutionary
 * Computation 6(2), 2002. Of parents and children the best fronts survive; within a front, those with most room around them. For several objectives.
 *
 * Where we differ. Trials run in parallel, so there are no generations: each trial told joins, and the last by rank and room leaves. A mutation changes one
 * decision, as in NAS papers, rather than each with some probability. A proposal made before is drawn again. A failed trial joins nothing.
 */
import { canonicalJson } from "cellwright/base";
import { dominates, realNumber, resolveOptions, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { freshChild, individualOf, type Individual } from "./individual.ts";

export interface Nsga2Options {
  /** N in the paper: how many survive. Default 40; the paper's 100 is for 25,000 evaluations. */
  readonly populationSize?: number;
  /** Probability that a child has two parents. Default 0.9, the paper's. */
  readonly crossoverProbability?: number;
  /** Probability that a child is mutated; one of a single parent always is. Default 0.8. */
  readonly mutationProbability?: number;
}

type Options = Required<Nsga2Options>;

const RULES: OptionRules<Options> = {
  populationSize: wholeNumber(40, { min: 2 }),
  crossoverProbability: realNumber(0.9, { min: 0, max: 1 }),
  mutationProbability: realNumber(0.8, { min: 0, max: 1 }),
};

/** Returns NSGA-II. Throws `config` naming each option that is wrong. O(population²) a tell, O(decisions) an ask. */
export function nsga2(options: Nsga2Options = {}): ControllerDefinition {
  const resolved = resolveOptions<Options>("nsga2", options, RULES);
  return { name: "NSGA-II", options: { ...resolved }, create: (context) => createNsga2(resolved, context) };
}

function createNsga2(options: Options, { space, rng, objectives }: ControllerContext): Controller {
  /** Best first. */
  let population: readonly Individual[] = [];
  const started = new Set<string>();
  const directions = objectives.map(({ direction }) => direction);

  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      // The lower index is the better by rank and room: a tournament of two is the lesser of two draws.
      const parent = (): Genotype => {
        const [a, b] = [draw.int(population.length), draw.int(population.length)];
        return (population[Math.min(a, b)] as Individual).genotype;
      };
      const child = (): Genotype => {
        if (population.length < options.populationSize) return space.sample(draw);
        const isCrossed = draw.next() < options.crossoverProbability;
        const genotype = isCrossed ? space.crossover(parent(), parent(), draw) : parent();
        const isMutated = draw.next() < options.mutationProbability || !isCrossed;
        return isMutated ? space.mutate(genotype, draw) : genotype;
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
      const joined = [...population, individual];
      const order = rankByFrontAndRoom(joined.map(({ scores }) => scores));
      population = order.slice(0, options.populationSize).map((index) => joined[index] as Individual);
    },
  };
}

/**
 * Returns the indices of the points, larger coordinates being better: first the front that nothing beats, then the front of the rest, and so on; within a front
 * those of greatest crowding distance first (the paper's sections III-A and III-B). O(objectives n²).
 */
export function rankByFrontAndRoom(points: readonly (readonly number[])[]): readonly number[] {
  let rest = points.map((_, index) => index);
  const ranked: number[] = [];
  while (rest.length > 0) {
    const front = rest.filter((index) => !rest.some((other) => dominates(points[other]!, points[index]!)));
    const room = crowdingDistances(front.map((index) => points[index]!));
    const order = front.map((_, at) => at).sort((a, b) => compare(room[b]!, room[a]!) || front[a]! - front[b]!);
    ranked.push(...order.map((at) => front[at]!));
    const taken = new Set(front);
    rest = rest.filter((index) => !taken.has(index));
  }
  return ranked;
}

/** Infinite distances, of which a front has some, are equal. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Sum over objectives of the gap between the neighbours on either side, as a share of the front's extent; infinite at its ends. */
function crowdingDistances(front: readonly (readonly number[])[]): readonly number[] {
  const room = front.map(() => 0);
  for (let objective = 0; objective < (front[0]?.length ?? 0); objective++) {
    const value = (at: number): number => front[at]![objective]!;
    const order = front.map((_, at) => at).sort((a, b) => value(a) - value(b) || a - b);
    const [first, last] = [order[0]!, order.at(-1)!];
    const extent = value(last) - value(first);
    room[first] = Infinity;
    room[last] = Infinity;
    if (extent === 0) continue;
    for (let i = 1; i + 1 < order.length; i++)
      room[order[i]!] = room[order[i]!]! + (value(order[i + 1]!) - value(order[i - 1]!)) / extent;
  }
  return room;
}
