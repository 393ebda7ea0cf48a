/**
 * @file A found architecture at larger sizes: its skeleton grown by phi, decoded and counted before anything is trained, and the largest phi that a
 * budget allows.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { costOf } from "../network/cost.ts";
import type { Network } from "../network/network.ts";
import type { Genotype, ScaleFactors, SkeletonBase, Space } from "../space/space.ts";
import { efficientNetCoefficients, largestPhi, scaleFactors, type ScaleCoefficients } from "./factors.ts";
import { roundingNotes } from "./rounding.ts";

/** What is scaled, and for what it is meant. */
export interface ScaleSubject<S extends SkeletonBase> {
  readonly space: Space<S, Network>;
  readonly genotype: Genotype;
  /** The skeleton it was searched on, as far as it differs from the space's default. */
  readonly skeleton?: Partial<S>;
  /** Keys of the skeleton that the target sets: image size, classes. A target that says `input` holds the resolution there: phi then grows depth and width alone. */
  readonly target?: Partial<S>;
  /** Default: EfficientNet's. */
  readonly coefficients?: ScaleCoefficients;
}

/** An architecture at one size. */
export interface ScaledSize<S extends SkeletonBase = SkeletonBase> {
  readonly phi: number;
  /** Before rounding. */
  readonly factors: ScaleFactors;
  /** Complete and rounded: what `decode` is given. */
  readonly skeleton: S;
  readonly params: number;
  readonly macs: number;
  /** What rounding did, a line each: `cellsPerStack 3.7 rounded to 4`. */
  readonly notes: readonly string[];
}

/** Upper bounds; at least one must be given to look for the largest that fits. */
export interface ScaleBudget {
  readonly maxParams?: number;
  readonly maxMacs?: number;
}

/** Returns the architecture at `phi`. Throws `space` where the space doesn't say how it grows, and what `decode` throws. */
export function scaleTo<S extends SkeletonBase>(subject: ScaleSubject<S>, phi: number): ScaledSize<S> {
  const { space, genotype, target = {} } = subject;
  const scale = space.scaleSkeleton;
  if (scale === undefined) {
    throw new CellwrightError(
      "space",
      expected(`space ${space.name}`, "scaleSkeleton, which says how it grows", undefined),
    );
  }
  const base: S = { ...space.skeleton, ...subject.skeleton, ...target };
  const free = scaleFactors(phi, subject.coefficients ?? efficientNetCoefficients);
  const factors = "input" in target ? { ...free, resolution: 1 } : free;
  const skeleton = scale(base, factors);
  const { params, macs } = costOf(space.decode(genotype, skeleton).network);
  const notes = roundingNotes(scale as never, base, factors);
  return { phi, factors, skeleton, params, macs, notes };
}

/** Returns the architecture as it was searched, unscaled and without the target: the row to compare with. */
export function sizeAsSearched<S extends SkeletonBase>(subject: ScaleSubject<S>): ScaledSize<S> {
  const { space, genotype } = subject;
  const skeleton: S = { ...space.skeleton, ...subject.skeleton };
  const { params, macs } = costOf(space.decode(genotype, skeleton).network);
  return { phi: 0, factors: { depth: 1, width: 1, resolution: 1 }, skeleton, params, macs, notes: [] };
}

/** Returns a row for each phi. */
export function scaleTable<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  phis: readonly number[],
): readonly ScaledSize<S>[] {
  return phis.map((phi) => scaleTo(subject, phi));
}

/** Whether a size is within every bound of the budget. */
export function fitsBudget(size: Pick<ScaledSize, "params" | "macs">, budget: ScaleBudget): boolean {
  return size.params <= (budget.maxParams ?? Infinity) && size.macs <= (budget.maxMacs ?? Infinity);
}

/** Steps of phi per unit: sizes are looked for at 0, 0.1, 0.2 … */
const STEPS_PER_UNIT = 10;

/**
 * Returns the architecture at the largest phi of 0 or more (in tenths) that fits the budget, or undefined where not even phi = 0 fits. Sizes must not
 * shrink as phi grows, which is so for every rounding to the nearest; about ten networks are counted. A budget with room for more than
 * `MAX_GROWTH` times of anything gives the largest size there is. Throws `config` for a budget without bounds.
 */
export function largestThatFits<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  budget: ScaleBudget,
): ScaledSize<S> | undefined {
  for (const [name, value] of Object.entries(budget)) {
    if (value !== undefined && !(value > 0)) {
      throw new CellwrightError("config", expected(name, "a number greater than 0", value));
    }
  }
  if (budget.maxParams === undefined && budget.maxMacs === undefined) {
    throw new CellwrightError("config", expected("budget", "maxParams or maxMacs", budget));
  }
  const at = (step: number): ScaledSize<S> => scaleTo(subject, step / STEPS_PER_UNIT);
  const last = Math.floor(largestPhi(subject.coefficients ?? efficientNetCoefficients) * STEPS_PER_UNIT);
  let best = at(0);
  if (!fitsBudget(best, budget)) return undefined;
  let low = 0;
  let high = Math.min(last, STEPS_PER_UNIT);
  for (let size = at(high); fitsBudget(size, budget); size = at(high)) {
    [low, best] = [high, size];
    if (high === last) return best;
    high = Math.min(last, 2 * high);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const size = at(middle);
    if (fitsBudget(size, budget)) [low, best] = [middle, size];
    else high = middle;
  }
  return best;
}
