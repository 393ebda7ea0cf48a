/**
 * @file REINFORCE with a softmax of its own for each decision, as the NAS-Bench-201 paper has it (Dong and Yang, arXiv 2001.00326, appendix; released code
 * `exps/NATS-algos/reinforce.py`): Adam on the log-probability times the score above a moving average. Sees no dependence between decisions; the LSTM
 * policy (`policyGradient`) does.
 *
 * Where we differ. Trials run in parallel: the gradient is taken at the policy as it is when the trial is told. A failed trial teaches nothing.
 */
import { realNumber, resolveOptions, scoreOf, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import { createAdam } from "./policy-gradient/adam.ts";
import { episodeOf, vocabularyOf, walkSlots, type Slot } from "./policy-gradient/vocabulary.ts";

export interface IndependentPolicyOptions {
  /** Of Adam. Default 0.01, the released code's. */
  readonly learningRate?: number;
  /** How much of the moving average stays at each trial. Default 0.9, the released code's. */
  readonly baselineDecay?: number;
  /** How many values a float, or an int with more than that, is divided into. Default 10. */
  readonly levels?: number;
}

const RULES: OptionRules<Required<IndependentPolicyOptions>> = {
  learningRate: realNumber(0.01, { above: 0 }),
  baselineDecay: realNumber(0.9, { min: 0, max: 1 }),
  levels: wholeNumber(10, { min: 2 }),
};

/** Returns REINFORCE over independent decisions. Throws `config` naming each option that is wrong. O(all options) an ask and a tell. */
export function independentPolicy(options: IndependentPolicyOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Required<IndependentPolicyOptions>>("independentPolicy", options, RULES);
  return {
    name: "independent policy (REINFORCE)",
    options: { ...resolved },
    create: (context) => createIndependentPolicy(resolved, context),
  };
}

function createIndependentPolicy(
  { learningRate, baselineDecay, levels }: Required<IndependentPolicyOptions>,
  { space, rng, objectives }: ControllerContext,
): Controller {
  const vocabulary = vocabularyOf(space.decisions, levels);
  const logits = new Float64Array(vocabulary.levelCount);
  const adam = createAdam(logits.length, learningRate);
  /** Exponential moving average with its weight, so that it is unbiased from the first trial on. */
  let [sum, weight] = [0, 0];

  const probabilities = ({ first, levels: { length } }: Slot): Float64Array => {
    const own = logits.subarray(first, first + length);
    const greatest = own.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = own.map((logit) => Math.exp(logit - greatest));
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / total);
  };

  return {
    ask(number) {
      const draw = rng.fork(`ask/${number}`);
      const genotype = walkSlots(vocabulary.slots, (slot) => {
        const shares = probabilities(slot);
        let rest = draw.next();
        const taken = shares.findIndex((share) => (rest -= share) < 0);
        return taken < 0 ? shares.length - 1 : taken;
      });
      return { genotype };
    },
    tell(event) {
      if (event.kind !== "finished" || event.trial.state === "failed") return;
      const score = scoreOf(event.trial, objectives);
      if (score === undefined) return;
      sum = baselineDecay * sum + (1 - baselineDecay) * score;
      weight = baselineDecay * weight + (1 - baselineDecay);
      // With a decay of 1 there is no average.
      const advantage = weight > 0 ? score - sum / weight : score;
      const { slots, actions } = episodeOf(vocabulary, event.trial.proposal.genotype);
      const gradient = new Float64Array(logits.length);
      for (const [index, slot] of slots.entries())
        for (const [level, share] of probabilities(slot).entries())
          gradient[slot.first + level] = -advantage * ((level === actions[index] ? 1 : 0) - share);
      adam.step(logits, gradient);
    },
  };
}
