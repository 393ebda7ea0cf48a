/**
 * @file The NASNet controller: Zoph, Vasudevan, Shlens and Le, "Learning Transferable Architectures for Scalable Image Recognition", arXiv
 * 1707.07012, appendix A. An LSTM predicts the decisions one by one; the reward is the trial's score above a moving average; every
 * `batch` trials the policy is updated by PPO (or REINFORCE).
 *
 * Where we differ or the paper is silent. Each prediction is an action with its own clipped ratio, all of an architecture's with its
 * advantage. Trials run in parallel: batches are made in the order of telling, and the ratio is taken against the policy at the moment
 * the trial started, so a late one is weighed rightly. A pruned trial's reward is its last reported value if it has one, else it
 * counts as failed.
 *
 * Replaying trials costs what their updates did, as the policy is what all batches made of it. On NASNet's space, of 50 predictions, that is 20 million multiply-accumulates
 * a trial by PPO and 6 million by REINFORCE: 15 and 5 ms at the nearly 2 G a second of plain code, minutes for 10,000 trials. (Ten seconds would take 20 G.)
 */
import { canonicalJson } from "cellwright/base";
import { resolveOptions, scoreOf } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, FinishedTrial } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { createAdam } from "./adam.ts";
import { logProbabilitiesOf, lossAndGradient } from "./batch.ts";
import { type PolicyGradientOptions, RULES } from "./options.ts";
import { createPolicy, type Draw, sampleFrom } from "./policy.ts";
import { episodeOf, type Episode, type Vocabulary, vocabularyOf } from "./vocabulary.ts";

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

/** What was drawn, as an update sees it. */
interface Recalled {
  readonly episode: Episode;
  /** Under the parameters of the moment when the trial started; undefined while these are the present ones and nobody has asked. */
  logProbabilities: Float64Array | undefined;
}

function createPolicyGradient(
  options: Required<PolicyGradientOptions>,
  { space, rng, objectives }: ControllerContext,
): Controller {
  const vocabulary = vocabularyOf(space.decisions, options.levels);
  const policy = createPolicy(vocabulary, options.hidden, rng.fork("weights"));
  const adam = createAdam(policy.parameters.length, options.learningRate);
  const running = new Map<number, Recalled>();
  let batch: { readonly draw: Recalled; readonly reward: number }[] = [];
  let baseline: number | undefined;
  let worst: number | undefined;

  /** Spares `started` a run of the policy: the last draw, which is what it would compute while the parameters stay. */
  let lastAsk: { readonly text: string; readonly draw: Draw } | undefined;

  const recall = (genotype: Genotype): Recalled => {
    if (lastAsk?.text === canonicalJson(genotype)) return { ...lastAsk.draw };
    const episode = episodeOf(vocabulary, genotype);
    // REINFORCE has no ratio to take.
    return { episode, logProbabilities: options.algorithm === "ppo" ? undefined : new Float64Array(0) };
  };
  /** Finds out what is left to find out under the present parameters, before they change: all at once. */
  const settle = (): void => {
    const open = [...batch.map(({ draw }) => draw), ...running.values()].filter(
      ({ logProbabilities }) => logProbabilities === undefined,
    );
    if (open.length === 0) return;
    const all = logProbabilitiesOf(
      policy,
      open.map(({ episode }) => episode),
    );
    for (const [index, draw] of open.entries()) draw.logProbabilities = all[index];
  };
  const rewardOf = (trial: FinishedTrial): number | undefined => {
    const score = trial.state === "failed" ? undefined : scoreOf(trial, objectives);
    if (score !== undefined) worst = Math.min(worst ?? score, score);
    return score ?? (options.failed === "worst" ? worst : undefined);
  };
  const update = (): void => {
    const before = baseline ?? batch.reduce((sum, { reward }) => sum + reward, 0) / batch.length;
    settle();
    const samples = batch.map(({ draw: { episode, logProbabilities }, reward }) => ({
      episode,
      logProbabilities: logProbabilities as Float64Array,
      advantage: reward - before,
    }));
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
