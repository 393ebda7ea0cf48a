/**
 * @file Model-based search for several objectives: the next trial is the candidate that is expected to add most to the hypervolume of what was found (Emmerich,
 * Giannakoglou and Naujoks, "Single- and Multiobjective Evolutionary Optimization Assisted by Gaussian Random Field Metamodels", IEEE Transactions on
 * Evolutionary Computation 10(4), 2006). Each objective has a Gaussian process over the network's graph, that of the model-based controller.
 *
 * Objectives are learned as normal scores, so that neither a network that learned nothing nor a very slow one presses the others together; the hypervolume is one of the
 * values themselves, from the worst of each yet. Its expectation is the mean over draws that are the same for all candidates, of those
 * candidates only that add most if each objective comes out a standard deviation better than expected. Candidates are neighbours of the front, two-step mutations of
 * it and random ones; what computes the same as an earlier network may be one, as it can take another time or memory. Trials in flight are taken to give what is expected of them. A failed trial, and one
 * without a value for each objective, is the worst in all.
 */
import type { Rng } from "cellwright/base";
import { hypervolume, paretoFront, resolveOptions } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { candidatesAround, lastOfSeries, pointMemo } from "../model-based/candidates.ts";
import { distancesOf, type KnownDistances } from "../model-based/distances.ts";
import { fit, type Hyperparameters, model, type Model } from "../model-based/gaussian-process.ts";
import { type Point, type View, viewsOf } from "../model-based/kernel.ts";
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
import { type NormalScale, normalScale } from "./normal-scores.ts";

/** Candidates whose expectation is computed, and draws for it. */
const CLOSER = 40;
const SAMPLES = 32;

/** Returns the controller; of one objective it maximises the expected improvement. Throws `config` naming each option that is wrong. */
export function expectedHypervolume(options: ModelBasedOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<ResolvedOptions>("expectedHypervolume", options, modelBasedRules);
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
  let fitted: { readonly count: number; readonly hyperparameters: readonly Hyperparameters[] } | undefined;
  let known: KnownDistances | undefined;
  const { points, pointOf } = pointMemo(space, rng);
  const valuesOf = (index: number): readonly number[] => columns.map((column) => column[index]!);

  /** Returns the front, then all others by the sum of their scores. */
  const orderOf = (scales: readonly NormalScale[], front: readonly number[]): readonly number[] => {
    const isFront = new Set(front);
    const sums = observations.map((_, index) => scales.reduce((sum, { scores }) => sum + scores[index]!, 0));
    const others = sums.map((_, index) => index).filter((index) => !isFront.has(index));
    return [...front, ...others.sort((a, b) => sums[b]! - sums[a]! || a - b)];
  };
  const frontOf = (count: number): readonly number[] =>
    paretoFront(
      Array.from({ length: count }, (_, index) => valuesOf(index)),
      objectives.map(() => "maximize"),
    );

  const candidatesOf = (draw: Rng, front: readonly number[]): readonly Trial[] => {
    const parents = draw
      .shuffle(front)
      .slice(0, options.parents)
      .map((index) => observations[index]!.genotype);
    return candidatesAround(parents, options, { space, trialOf, tried: texts }, draw);
  };

  /** Returns the hyperparameters of each objective for the present number of trials: those fitted at the last number of the series. */
  const hyperparametersOf = (views: readonly View[]): readonly Hyperparameters[] => {
    const count = lastOfSeries(observations.length, options.starts);
    if (fitted?.count !== count) {
      const chosen = Array.from({ length: count }, (_, index) => index).slice(-FITTED);
      const distances = distancesOf(
        chosen.map((index) => pointOf(observations[index]!)),
        views,
        known,
      );
      const hyperparameters = columns.map((column) => {
        const { scores } = normalScale(chosen.map((index) => column[index]!));
        return fit(distances, views, scores);
      });
      fitted = { count, hyperparameters };
    }
    return fitted.hyperparameters;
  };

  const randomTrial = (draw: Rng): Genotype => {
    let genotype = space.sample(draw);
    for (let i = 1; i < DRAWS && texts.has(trialOf(genotype).text); i++) genotype = space.sample(draw);
    return genotype;
  };

  const bestCandidate = (draw: Rng): Genotype | undefined => {
    const scales = columns.map(normalScale);
    const front = frontOf(observations.length);
    if (front.length === 0) return undefined;
    const chosen = trainingSet(observations.length, orderOf(scales, front), options.observations);
    const seen = [...chosen.map((index) => observations[index]!), ...running.values()].map(pointOf);
    const { hasGraphs, nodeCount, flat, full } = points();
    const views = viewsOf(hasGraphs);
    const hyperparameters = hyperparametersOf(views);
    const distances = distancesOf(seen, views, known);
    known = { points: seen, distances };
    const targets = scales.map(({ scores }) => Float64Array.from(chosen, (index) => scores[index]!));
    const gain = gainOver(front.map(valuesOf), columns);
    const noise = Array.from({ length: SAMPLES }, () => objectives.map(() => draw.normal()));
    const promising = (models: readonly Model[], among: readonly Point[], count: number): readonly Point[] =>
      mostPromising(models, scales, gain, noise, among, count);
    let candidates: readonly Point[] = candidatesOf(draw, front).map(flat);
    if (nodeCount > CHEAP_NODES && candidates.length > DEAR_CANDIDATES) {
      const plain = hyperparameters.map(({ scales: [scale = 1], noise }, index) =>
        model(seen, targets[index]!, viewsOf(false), { variances: [1], scales: [scale], noise }, distances.slice(0, 1)),
      );
      candidates = promising(plain, candidates, DEAR_CANDIDATES);
    }
    const models = hyperparameters.map((own, index) => model(seen, targets[index]!, views, own, distances));
    return promising(models, candidates.map(full), 1)[0]?.genotype;
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

/** What a point adds to the hypervolume, larger coordinates being better. */
type Gain = (point: readonly number[]) => number;

/** Returns what a point adds to that of the front, from the worst of each column. */
function gainOver(front: readonly (readonly number[])[], columns: readonly (readonly number[])[]): Gain {
  const worst = columns.map((column) =>
    column.reduce((least, value) => (Number.isFinite(value) ? Math.min(least, value) : least), Infinity),
  );
  const directions = columns.map(() => "maximize" as const);
  return (point) => {
    const box = point.reduce((product, value, index) => product * Math.max(0, value - worst[index]!), 1);
    if (box === 0) return 0;
    // Of what the front covers, the part that is in the point's box.
    const within = front.map((other) => other.map((value, index) => Math.min(value, point[index]!)));
    return Math.max(0, box - hypervolume(within, directions, worst));
  };
}

/** Returns the `count` points that are expected to add most, the greatest first; of equals the first of `points` stays first. */
function mostPromising(
  models: readonly Model[],
  scales: readonly NormalScale[],
  gain: Gain,
  noise: readonly (readonly number[])[],
  points: readonly Point[],
  count: number,
): readonly Point[] {
  const outlooks = points.map((point) => {
    const each = models.map(({ look }) => look(point));
    const [means, deviations] = [each.map(({ mean }) => mean), each.map(({ variance }) => Math.sqrt(variance()))];
    const at = (errors: readonly number[]): number =>
      gain(scales.map(({ valueOf }, index) => valueOf(means[index]! + errors[index]! * deviations[index]!)));
    return { point, at, bright: at(models.map(() => 1)) };
  });
  const closer = outlooks.toSorted((a, b) => b.bright - a.bright).slice(0, Math.max(CLOSER, count));
  return closer
    .map(({ point, at }) => ({ point, expected: noise.reduce((sum, errors) => sum + at(errors), 0) }))
    .sort((a, b) => b.expected - a.expected)
    .slice(0, count)
    .map(({ point }) => point);
}
