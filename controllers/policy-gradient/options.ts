/** @file Options of the policy gradient, with the values of the NASNet paper (arXiv 1707.07012, appendix A) where it gives one. */
import { oneOf, type OptionRules, realNumber, wholeNumber } from "cellwright/search";

export interface PolicyGradientOptions {
  /** `ppo` (default, the paper's) or `reinforce`, as in Zoph and Le (arXiv 1611.01578). */
  readonly algorithm?: "ppo" | "reinforce";
  /** Units of the LSTM. Default 100, the paper's. */
  readonly hidden?: number;
  /** Of Adam. Default 0.00035, the paper's, for its 20,000 trials. With a few hundred trials, `hidden: 16` with 0.003 learns in time. */
  readonly learningRate?: number;
  /** Weight of the softmaxes' entropy in the loss, against rewards as they are: larger where scores spread wider than accuracies do. Default 0.00001, the paper's. */
  readonly entropyWeight?: number;
  /** Weight of the past in the moving average of rewards that is the baseline. Default 0.95, the paper's. It begins as the mean of the first batch. */
  readonly baselineDecay?: number;
  /** Trials per update. Default 20, the paper's. */
  readonly batch?: number;
  /** How far a probability's ratio counts, for `ppo`. Default 0.2: not in the paper; that of Schulman et al. (arXiv 1707.06347). */
  readonly clip?: number;
  /** Steps of Adam on each batch, for `ppo`; `reinforce` takes one. Default 3: not in the paper. */
  readonly epochs?: number;
  /** What a float, or an int with more values than this, is divided into. Default 16 (not in the paper, which has choices only). */
  readonly levels?: number;
  /** What a failed trial teaches: `worst` (default), the lowest score told so far, so that its like is left; `ignore`, nothing. */
  readonly failed?: "worst" | "ignore";
}

export const RULES: OptionRules<Required<PolicyGradientOptions>> = {
  algorithm: oneOf("ppo", ["ppo", "reinforce"]),
  hidden: wholeNumber(100, { min: 1, max: 4096 }),
  learningRate: realNumber(0.00035, { above: 0 }),
  entropyWeight: realNumber(0.00001, { min: 0 }),
  baselineDecay: realNumber(0.95, { min: 0, max: 1 }),
  batch: wholeNumber(20, { min: 1 }),
  clip: realNumber(0.2, { above: 0 }),
  epochs: wholeNumber(3, { min: 1 }),
  levels: wholeNumber(16, { min: 2, max: 1024 }),
  failed: oneOf("worst", ["worst", "ignore"]),
};
