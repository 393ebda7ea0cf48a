/**
 * @file A controller picked by the size of the space, the number of trials and what a trial costs. The rule is short so that a user can hold it in mind: what
 * can be tried out is; else a model learns where each trial is dear; else, where trials are cheap or many, evolution does, whose thoughts cost nothing.
 *
 * Its numbers are from 200 seeded searches of NAS-Bench-201 by 12-epoch accuracy (`npm run bench:search`): at 50 to 200 trials the model finds more than
 * anything else here; evolution finds most with a population of 30 below some 300 trials, with the paper's 100 above; the policy gradient was behind
 * evolution at every budget, so it is never picked. The model's asks cost the same at 10,000 trials as at 1,000, but by then there is little left to gain.
 */
import { resolveOptions, wholeNumber } from "cellwright/search";
import type { ControllerDefinition, OptionRules } from "cellwright/search";
import type { AnySpace } from "cellwright/space";
import { agingEvolution } from "./aging-evolution.ts";
import { grid } from "./grid.ts";
import { modelBased } from "./model-based/model-based.ts";
import { random } from "./random.ts";
import { skipDuplicates } from "./skip-duplicates.ts";

export interface AutoOptions {
  /** Trials the study is going to make. Default 200. Part of the study: a resume with a larger budget keeps the pick. */
  readonly trials?: number;
  /** What a trial costs: `dear` takes seconds at least, `cheap` milliseconds, as a look into a table does. Default `dear`; `defineStudy` knows it of a table. */
  readonly trial?: "dear" | "cheap";
}

type Options = { readonly trials: number; readonly trial?: "dear" | "cheap" };

const RULES: OptionRules<Options> = {
  trials: wholeNumber(200, { min: 1 }),
  // Absent where it is not given, as in studies that were stored before there was such an option.
  trial: {
    fallback: undefined,
    what: '"dear" or "cheap"',
    accepts: (value) => value === "dear" || value === "cheap",
  },
};

/** Fewer trials than this are hardly more than the random ones that anything learns from first. */
const FEWEST_TO_LEARN_FROM = 15;
/** The most trials for which a model is worth its time. */
const MOST_FOR_A_MODEL = 1_000;

/** Returns the controller for this space, this number of trials and their cost, and why. */
export function pickController(
  space: AnySpace,
  trials: number,
  trial: AutoOptions["trial"] = "dear",
): { readonly definition: ControllerDefinition; readonly reason: string } {
  const size = space.count();
  if (size !== undefined && size <= BigInt(trials)) {
    const reason = `${trials} trials can try all of the space's ${size} genotypes`;
    // As many levels as the space has genotypes are all values of every number.
    return { definition: grid({ levels: Number(size), order: "scattered" }), reason };
  }
  if (trials < FEWEST_TO_LEARN_FROM)
    return { definition: random(), reason: `${trials} trials are too few to learn from` };
  if (trial === "dear" && trials <= MOST_FOR_A_MODEL)
    return {
      definition: modelBased(),
      reason: `trials that take seconds or more are worth a model of them, up to ${MOST_FOR_A_MODEL}`,
    };
  const [populationSize, sampleSize] = trials < 300 ? [30, 10] : [100, 25];
  const why =
    trials > MOST_FOR_A_MODEL ? `${trials} trials are many` : "trials that cost next to nothing are not worth a model";
  return {
    // A child that is its parent would measure nothing: the study takes the stored result.
    definition: skipDuplicates(agingEvolution({ populationSize, sampleSize, identityProbability: 0 })),
    reason: `${why}; population ${populationSize}, sample ${sampleSize}`,
  };
}

/** Returns the controller that suits the space, `trials` and their cost; its note says which and why. Throws `config` naming each option that is wrong. */
export function auto(options: AutoOptions = {}): ControllerDefinition {
  const { trials, trial } = resolveOptions<Options>("auto", options, RULES);
  return {
    name: "auto",
    options: { trials, ...(trial !== undefined && { trial }) },
    create(context) {
      const { definition, reason } = pickController(context.space, trials, trial);
      const controller = definition.create(context);
      return {
        note: `auto picked ${definition.name}: ${reason}`,
        ask: (number) => controller.ask(number),
        tell: (event) => controller.tell(event),
      };
    },
    isHeavy: (space) => pickController(space, trials, trial).definition.isHeavy?.(space) === true,
    hearsAllRungs: (space) => pickController(space, trials, trial).definition.hearsAllRungs?.(space) === true,
  };
}
