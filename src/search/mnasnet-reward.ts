/**
 * @file MnasNet's reward: accuracy weighed by latency into one number, so that a search for a single best network is a search for one that is fast enough (Tan and others,
 * "MnasNet: Platform-Aware Neural Architecture Search for Mobile", arXiv 1807.11626, section 3, equations 2 and 3): ACC · (LAT / T)^w, where w is alpha at T or below and beta above.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { realNumber, resolveOptions, type OptionRules } from "./options.ts";

/** What a candidate costs that can be weighed, or be an objective, without the evaluator measuring it. */
export const costNames = ["latencyMs", "macs", "params"] as const;
export type CostName = (typeof costNames)[number];

/** A measure weighed by a cost, as plain JSON. */
export interface Reward {
  /** Name of the measure: ACC in the paper. */
  readonly measure: string;
  readonly cost: CostName;
  /** T in the paper, in the cost's unit. */
  readonly target: number;
  /** The exponent of candidates that cost no more than the target. */
  readonly alpha: number;
  /** The exponent of those that cost more. */
  readonly beta: number;
}

/** Returns the reward of a value and a cost. */
export function rewardOf(
  value: number,
  cost: number,
  { target, alpha, beta }: Omit<Reward, "measure" | "cost">,
): number {
  return value * (cost / target) ** (cost <= target ? alpha : beta);
}

export interface MnasnetRewardOptions {
  /** The target latency in milliseconds, measured on this machine (75 in the paper, on a phone). One of the three targets has to be given. */
  readonly latencyMs?: number;
  /** The target in multiply-accumulates of one image. */
  readonly macs?: number;
  /** The target in trainable parameters. */
  readonly params?: number;
  /** Default -0.07, the paper's soft constraint, by which twice the latency is worth 5% of the accuracy. For its hard one alpha is 0 and beta is -1. */
  readonly alpha?: number;
  /** Default -0.07. */
  readonly beta?: number;
  /** The measure that is weighed. Default `accuracy`. */
  readonly measure?: string;
}

type Options = Readonly<Record<CostName, number | undefined>> &
  Required<Pick<MnasnetRewardOptions, "alpha" | "beta" | "measure">>;

const target = () => realNumber<number | undefined>(undefined, { above: 0 });

const RULES: OptionRules<Options> = {
  latencyMs: target(),
  macs: target(),
  params: target(),
  alpha: realNumber(-0.07, { max: 0 }),
  beta: realNumber(-0.07, { max: 0 }),
  measure: {
    fallback: "accuracy",
    what: "the name of a measure",
    accepts: (value) => typeof value === "string" && value !== "",
  },
};

/** Returns an objective for a study: `objectives: [mnasnetReward({ latencyMs: 20 })]`. Throws `config` naming each option that is wrong, or where there is not one target. */
export function mnasnetReward(options: MnasnetRewardOptions): {
  readonly name: "mnasnetReward";
  readonly direction: "maximize";
  readonly reward: Reward;
} {
  const { alpha, beta, measure, ...targets } = resolveOptions<Options>("mnasnetReward", options, RULES);
  const [cost, ...more] = costNames.filter((name) => targets[name] !== undefined);
  if (cost === undefined || more.length > 0)
    throw new CellwrightError("config", expected("mnasnetReward", `one target, of ${costNames.join(", ")}`, options));
  return {
    name: "mnasnetReward",
    direction: "maximize",
    reward: { measure, cost, target: targets[cost] as number, alpha, beta },
  };
}
