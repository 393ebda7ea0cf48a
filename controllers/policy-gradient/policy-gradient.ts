/**
 * @file The NASNet controller: Zoph, Vasudevan, Shlens and Le, "Learning Transferable Architectures for Scalable Image Recognition", arXiv
 * 1707.07012, appendix A. An LSTM predicts the decisions one by one; the reward is the trial's score above a moving average; every
 * `batch` trials the policy is updated by PPO (or REINFORCE).
 *
 * Where we differ or the paper is silent. Each prediction is an action with its own clipped ratio, all of an architecture's with its
 * advantage. Trials run in parallel: batches are made in the order of telling, and the ratio is taken against the policy at the moment
 * the trial started, so a late one is weighed rightly. A pruned trial's reward is its last reported value if it has one, else it
 * counts as failed. Replaying n trials costs what telling them did: about 15 ms each on NASNet's space.
 */
import { canonicalJson } from "cellwright/base";
import { resolveOptions, scoreOf } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, FinishedTrial } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { createAdam } from "./adam.ts";
import { lossAndGradient } from "./batch.ts";
import { type PolicyGradientOptions, RULES } from "./options.ts";
import { createPolicy, type Draw, drawOf, sampleFrom } from "./policy.ts";
import { episodeOf, type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/** Returns the policy gradient. Throws `config` naming each option that is wrong. */
export function policyGradient(options: PolicyGradientOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Required<PolicyGradientOptions>>("policyGradient", options, RULES);
  return {
    name: `policy gradient (${resolved.algorithm === "ppo" ? "PPO" : "REINFORCE"})`,
    options: { ...resolved },
    create: (context) => createPolicyGradient(resolved, context),
    isHeavy: (space) => updateCost(resolved, vocabularyOf(space.decisions, resolved.levels)) > QUICK_UPDATE,
  };
}

/** Multiply-accumulates that take about 10 ms. */
const QUICK_UPDATE = 5_000_000;

/** Returns about how many multiply-accumulates an update takes: 4 hidden² forward and twice as many backward, for each prediction of each trial of a batch. */
function updateCost(
  { algorithm, batch, epochs, hidden }: Required<PolicyGradientOptions>,
  { slots }: Vocabulary,
): number {
  const predictions = (all: Vocabulary["slots"]): number =>
    all.reduce((sum, { children }) => sum + 1 + children.reduce((most, own) => Math.max(most, predictions(own)), 0), 0);
  return (algorithm === "ppo" ? epochs : 1) * batch * predictions(slots) * 3 * 4 * hidden * hidden;
}

function createPolicyGradient(
  options: Required<PolicyGradientOptions>,
  { space, rng, objectives }: ControllerContext,
): Controller {
  const vocabulary = vocabularyOf(space.decisions, options.levels);
  const policy = createPolicy(vocabulary, options.hidden, rng.fork("weights"));
  const adam = createAdam(policy.parameters.length, options.learningRate);
  const running = new Map<number, Draw>();
  let batch: { readonly draw: Draw; readonly reward: number }[] = [];
  let baseline: number | undefined;
  let worst: number | undefined;

  /** Spares `started` a run of the policy: the last draw, which is what it would compute while the parameters stay. */
  let lastAsk: { readonly text: string; readonly draw: Draw } | undefined;

  const recall = (genotype: Genotype): Draw =>
    lastAsk?.text === canonicalJson(genotype) ? lastAsk.draw : drawOf(policy, episodeOf(vocabulary, genotype));
  const rewardOf = (trial: FinishedTrial): number | undefined => {
    const score = trial.state === "failed" ? undefined : scoreOf(trial, objectives);
    if (score !== undefined) worst = Math.min(worst ?? score, score);
    return score ?? (options.failed === "worst" ? worst : undefined);
  };
  const update = (): void => {
    const before = baseline ?? batch.reduce((sum, { reward }) => sum + reward, 0) / batch.length;
    const samples = batch.map(({ draw, reward }) => ({ ...draw, advantage: reward - before }));
    const steps = options.algorithm === "ppo" ? options.epochs : 1;
    for (let i = 0; i < steps; i++) adam.step(policy.parameters, lossAndGradient(policy, samples, options).gradient);
    const { baselineDecay } = options;
    baseline = batch.reduce((average, { reward }) => baselineDecay * average + (1 - baselineDecay) * reward, before);
    batch = [];
    lastAsk = undefined;
  };

  return {
    ask(number) {
      const { genotype, draw } = sampleFrom(policy, rng.fork(`ask/${number}`));
      lastAsk = { text: canonicalJson(genotype), draw };
      return { genotype };
    },
    tell(event) {
      if (event.kind === "started") {
        running.set(event.number, recall(event.proposal.genotype));
        return;
      }
      const { trial } = event;
      const draw = running.get(trial.number) ?? recall(trial.proposal.genotype);
      running.delete(trial.number);
      const reward = rewardOf(trial);
      if (reward === undefined) return;
      batch.push({ draw, reward });
      if (batch.length >= options.batch) update();
    },
  };
}
