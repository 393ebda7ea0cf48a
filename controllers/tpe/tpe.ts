/**
 * @file The tree-structured Parzen estimator: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4. Of the finished trials the
 * best share gamma are good. Two distributions are kept of each decision: l, of what the good ones took, and g, of what the others did. Candidates are drawn from l along the tree of
 * decisions, and the one of greatest l / g, to which expected improvement is in proportion, is proposed. Choices, ints and floats (linear and log), conditional ones among them.
 *
 * Where we differ or the paper is silent. Trials run in parallel: those in flight are counted among the others, which keeps proposals away from them. A failed trial, and a pruned one
 * without a value, is never good. A candidate that was proposed before is taken only where all were. A curve's neighbours include the ends of the range, and its deviation is at least a hundredth of the range.
 *
 * Peers take fewer of each: Hyperopt (hyperopt/tpe.py) 0.25 times the root of the trials, 24 candidates, 20 random trials; Optuna (optuna/samplers/_tpe/sampler.py) a tenth of the trials, at most 25,
 * 24 candidates, 10 random trials.
 */
import { canonicalJson } from "cellwright/base";
import { realNumber, resolveOptions, scoreOf, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import { walk, type Decision, type Genotype } from "cellwright/space";
import { placeIn } from "../place-in.ts";
import type { Estimate } from "./parzen.ts";
import { createTally, type Tally } from "./tally.ts";

export interface TpeOptions {
  /** The share of trials that are good: gamma in the paper. Default 0.15, the paper's. */
  readonly gamma?: number;
  /** Candidates drawn from l for each proposal. Default 100, the paper's. Fewer are less greedy: with 24 it found better cells of NAS-Bench-201 by 200 trials. */
  readonly candidates?: number;
  /** Random trials that are to finish before it learns. Default 30, as in the paper's runs. */
  readonly starts?: number;
}

type Options = Required<TpeOptions>;

const RULES: OptionRules<Options> = {
  gamma: realNumber(0.15, { above: 0, max: 1 }),
  candidates: wholeNumber(100, { min: 1 }),
  starts: wholeNumber(30, { min: 1 }),
};

/** A finished trial. */
interface Ranked {
  readonly genotype: Genotype;
  readonly score: number;
}

/**
 * Returns TPE. Throws `config` naming each option that is wrong. An ask is linear in candidates times decisions, and for each number in the trials, too; a tell in the decisions, and a move
 * of memory in the trials.
 */
export function tpe(options: TpeOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Options>("tpe", options, RULES);
  return { name: "TPE", options: { ...resolved }, create: (context) => createTpe(resolved, context) };
}

function createTpe({ gamma, candidates, starts }: Options, { space, rng, objectives }: ControllerContext): Controller {
  const { decisions } = space;
  const running = new Map<number, Genotype>();
  const proposed = new Set<string>();
  /** Best first; of equals the first told. */
  const ranked: Ranked[] = [];
  /** How many of them are good, and may be: a failed one never is. */
  let goodCount = 0;
  let scoredCount = 0;
  const good = createTally(decisions);
  const others = createTally(decisions);

  const rank = (trial: Ranked): void => {
    const place = placeIn(ranked, ({ score }) => score >= trial.score);
    ranked.splice(place, 0, trial);
    if (trial.score > -Infinity) scoredCount++;
    (place < goodCount ? good : others).add(trial.genotype);
    if (place < goodCount) goodCount++;
    const wanted = Math.min(scoredCount, Math.ceil(gamma * ranked.length));
    while (goodCount > wanted) move(ranked[--goodCount]!, good, others);
    while (goodCount < wanted) move(ranked[goodCount++]!, others, good);
  };

  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      if (ranked.length < starts || goodCount === 0) return { genotype: space.sample(draw) };
      const l = estimates(good);
      const g = estimates(others);
      const drawn = Array.from({ length: candidates }, () => {
        let gain = 0;
        const genotype = walk(decisions, (decision) => {
          const value = l(decision).sample(draw);
          gain += l(decision).logDensity(value) - g(decision).logDensity(value);
          return value;
        });
        return { genotype, gain };
      });
      const inOrder = drawn.sort((a, b) => b.gain - a.gain);
      const best = inOrder.find(({ genotype }) => !proposed.has(canonicalJson(genotype))) ?? inOrder[0]!;
      return { genotype: best.genotype };
    },
    tell(event) {
      if (event.kind === "started") {
        running.set(event.number, event.proposal.genotype);
        proposed.add(canonicalJson(event.proposal.genotype));
        others.add(event.proposal.genotype);
        return;
      }
      const { number, state, proposal } = event.trial;
      const started = running.get(number);
      if (started !== undefined) others.remove(started);
      running.delete(number);
      const score = state === "failed" ? undefined : scoreOf(event.trial, objectives);
      rank({ genotype: proposal.genotype, score: score ?? -Infinity });
    },
  };
}

function move({ genotype }: Ranked, from: Tally, to: Tally): void {
  from.remove(genotype);
  to.add(genotype);
}

/** The estimates of one ask, each made when first needed. */
function estimates(tally: Tally): (decision: Decision) => Estimate {
  const made = new Map<Decision, Estimate>();
  return (decision) => {
    let estimate = made.get(decision);
    if (estimate === undefined) {
      estimate = tally.estimate(decision);
      made.set(decision, estimate);
    }
    return estimate;
  };
}
