/**
 * @file Model-based search for several objectives: the next trial is the candidate that is expected to add most to the hypervolume of what was found (Emmerich,
 * Giannakoglou and Naujoks, "Single- and Multiobjective Evolutionary Optimization Assisted by Gaussian Random Field Metamodels", IEEE Transactions on
 * Evolutionary Computation 10(4), 2006). Each objective has a Gaussian process over the network's graph, that of the model-based controller with one more view, in
 * which the objective is a sum over the decisions, as latency and size nearly are.
 *
 * An objective is learned as it is or as normal scores, whichever foretells it better; the hypervolume is one of the values themselves, from a tenth of the extent
 * below the worst of each yet. Its expectation is the mean over draws that are the same for all candidates, of those candidates only that add most if each
 * objective comes out a standard deviation better than expected. Candidates are neighbours and two-step mutations of the front, children of two of its members, random
 * ones, and uphill from the best of these their neighbours. What computes the same as an earlier network may be one, as it can take another time or memory,
 * until trials tell that it does not. Trials in flight are taken to give what is expected of them. A failed trial, and one without a value for each objective, is the
 * worst in all.
 */
import type { Rng } from "cellwright/base";
import { paretoFront, resolveOptions, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { lastOfSeries, pointMemo } from "../model-based/candidates.ts";
import { distancesOf, type KnownDistances } from "../model-based/distances.ts";
import { type Hyperparameters, model } from "../model-based/gaussian-process.ts";
import { additiveView, apartFrom, type Point, type View, viewsOf } from "../model-based/kernel.ts";
import {
  CHEAP_NODES,
  DEAR_CANDIDATES,
  DRAWS,
  FITTED,
  modelBasedRules,
  type ModelBasedOptions,
  type ResolvedOptions,
} from "../model-based/options.ts";
import { type Trial, trialsOf } from "../model-based/points.ts";
import { trainingSet } from "../model-based/training-set.ts";
import { candidatesOfFront, climb } from "./candidates.ts";
import { gainOver, mostPromising, prospects, type Prospect } from "./prospects.ts";
import type { Scale } from "./scale.ts";
import { learn, type Learned, scaleOf } from "./scales.ts";
import { toldAlready } from "./twins.ts";

/** Draws for the expectation. */
const SAMPLES = 32;

/** How often neighbours of the best candidates join them; fewer times where a large network has as many decisions. */
const CLIMBS = 4;
const DEAR_CLIMBS = 2;

/** Fewer candidates to begin with than of one objective: climbing finds the others. */
const RULES: OptionRules<ResolvedOptions> = {
  ...modelBasedRules,
  parents: wholeNumber(5, { min: 1 }),
  mutations: wholeNumber(50, { min: 0 }),
  randoms: wholeNumber(50, { min: 1 }),
};

/**
 * Returns the controller; of one objective it maximises the expected improvement. By default `parents` is 5, `mutations` 50 (and as many children of two members of the
 * front) and `randoms` 50. Throws `config` naming each option that is wrong.
 */
export function expectedHypervolume(options: ModelBasedOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<ResolvedOptions>("expectedHypervolume", options, RULES);
  return {
    name: "expected hypervolume improvement",
    options: { ...resolved },
    create: (context) => createExpectedHypervolume(resolved, context),
    isHeavy: () => true,
  };
}

function createExpectedHypervolume(
  options: ResolvedOptions,
  { space, rng, objectives }: ControllerContext,
): Controller {
  const trialOf = trialsOf(space);
  /** In the order of telling. */
  const observations: Trial[] = [];
  /** By objective, of the observations: larger is better, -Infinity for what has none. */
  const columns: number[][] = objectives.map(() => []);
  const running = new Map<number, Trial>();
  const texts = new Set<string>();
  // From here on what only saves time: all of it follows from the above.
  let fitted: { readonly count: number; readonly learned: readonly Learned[] } | undefined;
  let known: KnownDistances | undefined;
  const { points, pointOf } = pointMemo(space, rng);
  const surroundings = { space, trialOf, tried: texts };
  const valuesOf = (index: number): readonly number[] => columns.map((column) => column[index]!);

  /** Returns the front, then all others by the sum of their scores. */
  const orderOf = (scales: readonly Scale[], front: readonly number[]): readonly number[] => {
    const isFront = new Set(front);
    const sums = observations.map((_, index) => scales.reduce((sum, { scores }) => sum + scores[index]!, 0));
    const others = sums.map((_, index) => index).filter((index) => !isFront.has(index));
    return [...front, ...others.sort((a, b) => sums[b]! - sums[a]! || a - b)];
  };
  const frontOf = (): readonly number[] =>
    paretoFront(
      observations.map((_, index) => valuesOf(index)),
      objectives.map(() => "maximize"),
    );

  /** Returns scale and hyperparameters of each objective for the present number of trials: those learned at the last number of the series. */
  const learnedOf = (views: readonly View[]): readonly Learned[] => {
    const count = lastOfSeries(observations.length, options.starts);
    if (fitted?.count !== count) {
      const chosen = Array.from({ length: count }, (_, index) => index).slice(-FITTED);
      const distances = distancesOf(
        chosen.map((index) => pointOf(observations[index]!)),
        views,
        known,
      );
      const learned = columns.map((column) =>
        learn(
          distances,
          views,
          chosen.map((index) => column[index]!),
        ),
      );
      fitted = { count, learned };
    }
    return fitted.learned;
  };

  const randomTrial = (draw: Rng): Genotype => {
    let genotype = space.sample(draw);
    for (let i = 1; i < DRAWS && texts.has(trialOf(genotype).text); i++) genotype = space.sample(draw);
    return genotype;
  };

  const bestCandidate = (draw: Rng): Genotype | undefined => {
    const front = frontOf();
    if (front.length === 0) return undefined;
    const { hasGraphs, nodeCount, flat, full } = points();
    const additive = additiveView(flat(observations[0]!).codes.length);
    const views = [...viewsOf(hasGraphs), additive];
    const learned = learnedOf(views);
    const scales = columns.map((column, index) => scaleOf[learned[index]!.scale](column));
    const chosen = trainingSet(observations.length, orderOf(scales, front), options.observations);
    const seen = [...chosen.map((index) => observations[index]!), ...running.values()].map(pointOf);
    const distances = distancesOf(seen, views, known);
    known = { points: seen, distances };
    const targets = scales.map(({ scores }) => Float64Array.from(chosen, (index) => scores[index]!));
    const gain = gainOver(front.map(valuesOf), columns);
    const draws = Array.from({ length: SAMPLES }, () => objectives.map(() => draw.normal()));
    const noises = learned.map(({ hyperparameters: { noise } }) => noise);
    const members = front.map((index) => observations[index]!.genotype);
    let candidates: readonly Point[] = candidatesOfFront(members, options, surroundings, draw).map(flat);
    const isDear = nodeCount > CHEAP_NODES;
    if (isDear) {
      const places = [0, views.length - 1];
      const own = places.map((place) => views[place]!);
      const among = places.map((place) => distances[place]!);
      const models = learned.map(({ hyperparameters }, index) =>
        model(seen, targets[index]!, own, partOf(hyperparameters, places), among),
      );
      const prospectOf = prospects(models, apartFrom(seen, own), scales, gain, noises, draws);
      candidates = climb(
        candidates,
        { count: DEAR_CANDIDATES, climbs: DEAR_CLIMBS },
        prospectOf,
        flat,
        surroundings,
        draw,
      );
    }
    const models = learned.map(({ hyperparameters }, index) =>
      model(seen, targets[index]!, views, hyperparameters, distances),
    );
    const prospectOf = prospects(models, apartFrom(seen, views), scales, gain, noises, draws);
    const told = toldAlready(seen, (index) => (index < chosen.length ? valuesOf(chosen[index]!) : undefined));
    const prospectOfNew = (point: Point): Prospect | undefined => {
      const whole = full(point);
      return whole.graph !== undefined && told.has(whole.graph.signature) ? undefined : prospectOf(whole);
    };
    if (!isDear)
      return climb(candidates, { count: 1, climbs: CLIMBS }, prospectOfNew, flat, surroundings, draw)[0]?.genotype;
    const all = candidates.flatMap((point) => prospectOfNew(point) ?? []);
    return mostPromising(all, 1)[0]?.point.genotype;
  };

  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      const best = observations.length < options.starts ? undefined : bestCandidate(draw);
      return { genotype: best ?? randomTrial(draw) };
    },
    tell(event) {
      if (event.kind === "started") {
        const trial = trialOf(event.proposal.genotype);
        running.set(event.number, trial);
        texts.add(trial.text);
        return;
      }
      const { number, state, proposal, values } = event.trial;
      observations.push(running.get(number) ?? trialOf(proposal.genotype));
      running.delete(number);
      const isMeasured = state !== "failed" && objectives.every((_, index) => Number.isFinite(values?.[index]));
      objectives.forEach(({ direction }, index) => {
        const value = isMeasured ? values![index]! : -Infinity;
        columns[index]!.push(isMeasured && direction === "minimize" ? -value : value);
      });
    },
  };
}

/** Returns the hyperparameters of some of the views, of variance 1 in sum. */
function partOf({ variances, scales, noise }: Hyperparameters, places: readonly number[]): Hyperparameters {
  const sum = places.reduce((total, place) => total + variances[place]!, 0);
  return {
    variances: places.map((place) => variances[place]! / sum),
    scales: places.map((place) => scales[place]!),
    noise,
  };
}
