/**
 * @file Bayesian optimisation that knows the graph. A Gaussian process learns from the decisions, from how often each path of operations leads through the
 * network (BANANAS, arXiv 1910.11858) and from its cost; the next trial is the candidate of greatest expected improvement (Jones, Schonlau and Welch 1998)
 * among neighbours of the best, two-step mutations and random ones. A network that computes what an earlier one did is not proposed again.
 *
 * Scores are replaced by -log(rank / trials), so that differences among the best count and the depth of the bad does not. Trials in flight are taken to
 * give what is expected of them. A failed trial, and a pruned one without a value, ranks last. The model is made of the stored trials anew, hyperparameters
 * at numbers of trials that grow by a tenth, so a replay costs nothing until the next ask.
 */
import type { Rng } from "cellwright/base";
import { resolveOptions } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { candidatesAround, pointMemo } from "./candidates.ts";
import { distancesOf, type KnownDistances } from "./distances.ts";
import { fit, type Hyperparameters, model } from "./gaussian-process.ts";
import { createHistory, type Lesson } from "./history.ts";
import { mostPromising } from "./improvement.ts";
import { type Point, type View, viewsOf } from "./kernel.ts";
import {
  CHEAP_NODES,
  DEAR_CANDIDATES,
  DRAWS,
  FITTED,
  modelBasedRules,
  type ModelBasedOptions,
  type ResolvedOptions,
} from "./options.ts";
import { type Trial, trialsOf } from "./points.ts";
import { trainingSet } from "./training-set.ts";

/** Returns the model-based controller. Throws `config` naming each option that is wrong. */
export function modelBased(options: ModelBasedOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<ResolvedOptions>("modelBased", options, modelBasedRules);
  return {
    name: "model-based search",
    options: { ...resolved },
    create: (context) => createModelBased(resolved, context),
    isHeavy: () => true,
    hearsAllRungs: () => true,
  };
}

function createModelBased(options: ResolvedOptions, { space, rng, objectives }: ControllerContext): Controller {
  const trialOf = trialsOf(space);
  const history = createHistory(trialOf, objectives, { starts: options.starts, fitted: FITTED });
  const { observations, order, running, texts } = history;
  // From here on what only saves time: all of it follows from the above.
  let fitted: { readonly count: number; readonly hyperparameters: Hyperparameters } | undefined;
  let known: KnownDistances | undefined;
  const { points, pointOf } = pointMemo(space, rng);
  const observed = (index: number): Trial => observations[index] as Trial;

  /** Returns candidates that were not started, each once, in a fixed order. */
  const candidatesOf = (draw: Rng): readonly Trial[] => {
    const parents = order.slice(0, options.parents).map((index) => observed(index).genotype);
    return candidatesAround(parents, options, { space, trialOf, tried: texts }, draw);
  };

  const hyperparametersOf = ({ count, trials, values }: Lesson, views: readonly View[]): Hyperparameters => {
    if (fitted?.count !== count) {
      const distances = distancesOf(trials.map(pointOf), views, known);
      fitted = { count, hyperparameters: fit(distances, views, values) };
    }
    return fitted.hyperparameters;
  };

  /** Networks that are computed already, of those that the model learns from. */
  const signaturesOf = (seen: readonly Point[]): ReadonlySet<string> =>
    new Set(seen.flatMap(({ graph }) => graph?.signature ?? []));
  const isNew = ({ text, graph }: Point, signatures: ReadonlySet<string>): boolean =>
    !texts.has(text) && (graph === undefined || !signatures.has(graph.signature));

  const randomTrial = (draw: Rng, seen: readonly Point[]): Genotype => {
    const signatures = signaturesOf(seen);
    let genotype = space.sample(draw);
    for (let i = 1; i < DRAWS && !isNew(pointOf(trialOf(genotype)), signatures); i++) genotype = space.sample(draw);
    return genotype;
  };

  const bestCandidate = (
    draw: Rng,
    lesson: Lesson,
    chosen: readonly number[],
    seen: readonly Point[],
  ): Genotype | undefined => {
    const { hasGraphs, nodeCount, flat, full } = points();
    const views = viewsOf(hasGraphs);
    const hyperparameters = hyperparametersOf(lesson, views);
    const distances = distancesOf(seen, views, known);
    known = { points: seen, distances };
    const values = history.values(chosen);
    const target = values.reduce((a, b) => Math.max(a, b), -Infinity);
    let candidates: readonly Point[] = candidatesOf(draw).map(flat);
    if (nodeCount > CHEAP_NODES && candidates.length > DEAR_CANDIDATES) {
      const [scale = 1] = hyperparameters.scales;
      const alone = { variances: [1], scales: [scale], noise: hyperparameters.noise };
      const plain = model(seen, values, viewsOf(false), alone, distances.slice(0, 1));
      candidates = mostPromising(plain, candidates, target, DEAR_CANDIDATES);
    }
    const signatures = signaturesOf(seen);
    const fresh = candidates.map(full).filter((point) => isNew(point, signatures));
    return mostPromising(model(seen, values, views, hyperparameters, distances), fresh, target, 1)[0]?.genotype;
  };

  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      const chosen = trainingSet(observations.length, order, options.observations);
      const seen = [...chosen.map(observed), ...running.values()].map(pointOf);
      const { lesson } = history;
      const best = lesson && bestCandidate(draw, lesson, chosen, seen);
      return { genotype: best ?? randomTrial(draw, seen) };
    },
    tell: (event) => history.tell(event),
  };
}
