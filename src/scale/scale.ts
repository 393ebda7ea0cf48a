/**
 * @file A found architecture at larger sizes: its skeleton grown by phi, decoded and counted before anything is trained, and the largest phi that a
 * budget allows.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { costOf } from "../network/cost.ts";
import { forwardMemory } from "../network/memory.ts";
import type { Network } from "../network/network.ts";
import type { Genotype, ScaleFactors, SkeletonBase, Space } from "../space/space.ts";
import { efficientNetCoefficients, largestPhi, scaleFactors, type ScaleCoefficients } from "./factors.ts";
import { decodedNotes, roundingNotes } from "./rounding.ts";

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
  /** Bytes, by `memoryOf`. */
  readonly maxMemory?: number;
  /** What memory a network needs, in bytes: of training at a batch size, say, by an engine's estimate. Default: one image's forward pass. */
  readonly memoryOf?: (network: Network) => number;
}

function skeletonOf<S extends SkeletonBase>({ space, skeleton, target }: ScaleSubject<S>): S {
  return { ...space.skeleton, ...skeleton, ...target };
}

/** Returns the architecture on its skeleton grown by `factors`, counted. Throws as `scaleTo` does. */
export function scaleBy<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  factors: ScaleFactors,
): Omit<ScaledSize<S>, "phi"> {
  const { space, genotype } = subject;
  const scale = space.scaleSkeleton;
  if (scale === undefined) {
    throw new CellwrightError(
      "space",
      expected(`space ${space.name}`, "scaleSkeleton, which says how it grows", undefined),
    );
  }
  const base = skeletonOf(subject);
  const skeleton = scale(base, factors);
  const { params, macs } = costOf(space.decode(genotype, skeleton).network);
  const rounded = space.roundedNumbers?.(genotype, skeleton) ?? [];
  const notes = [...roundingNotes(scale as never, base, factors), ...decodedNotes(rounded)];
  return { factors, skeleton, params, macs, notes };
}

/** Returns the architecture at `phi`. Throws `space` where the space doesn't say how it grows, and what `decode` throws. */
export function scaleTo<S extends SkeletonBase>(subject: ScaleSubject<S>, phi: number): ScaledSize<S> {
  const free = scaleFactors(phi, subject.coefficients ?? efficientNetCoefficients);
  const factors = "input" in (subject.target ?? {}) ? { ...free, resolution: 1 } : free;
  return { phi, ...scaleBy(subject, factors) };
}

/** Returns the network of a size of the subject. */
export function networkAt<S extends SkeletonBase>(
  { space, genotype }: ScaleSubject<S>,
  { skeleton }: Pick<ScaledSize<S>, "skeleton">,
): Network {
  return space.decode(genotype, skeleton).network;
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

/** Whether a size is within every bound of the budget that its counts decide: parameters and multiply-accumulates. */
export function fitsBudget(size: Pick<ScaledSize, "params" | "macs">, budget: ScaleBudget): boolean {
  return size.params <= (budget.maxParams ?? Infinity) && size.macs <= (budget.maxMacs ?? Infinity);
}

/** Steps of phi per unit: sizes are looked for at 0, 0.1, 0.2 … */
export const STEPS_PER_UNIT = 10;

/** Returns how many steps of phi there are before anything has grown beyond `MAX_GROWTH`. */
export function lastStep(coefficients: ScaleCoefficients = efficientNetCoefficients): number {
  return Math.floor(largestPhi(coefficients) * STEPS_PER_UNIT);
}

const BOUNDS = ["maxParams", "maxMacs", "maxMemory"] as const;

/**
 * Returns the architecture at the largest phi of 0 or more (in tenths) that fits the budget, or undefined where not even phi = 0 fits. Sizes must not
 * shrink as phi grows, which is so for every rounding to the nearest; about ten networks are counted. A budget with room for more than
 * `MAX_GROWTH` times of anything gives the largest size there is. Throws `config` for a budget without bounds.
 */
export function largestThatFits<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  budget: ScaleBudget,
): ScaledSize<S> | undefined {
  for (const name of BOUNDS) {
    const value = budget[name];
    if (value !== undefined && !(value > 0))
      throw new CellwrightError("config", expected(name, "a number greater than 0", value));
  }
  if (BOUNDS.every((name) => budget[name] === undefined))
    throw new CellwrightError("config", expected("budget", "maxParams, maxMacs or maxMemory", budget));
  const { maxMemory, memoryOf = forwardMemory } = budget;
  const fits = (size: ScaledSize<S>): boolean =>
    fitsBudget(size, budget) && (maxMemory === undefined || memoryOf(networkAt(subject, size)) <= maxMemory);
  const at = (step: number): ScaledSize<S> => scaleTo(subject, step / STEPS_PER_UNIT);
  const last = lastStep(subject.coefficients);
  let best = at(0);
  if (!fits(best)) return undefined;
  let low = 0;
  let high = Math.min(last, STEPS_PER_UNIT);
  for (let size = at(high); fits(size); size = at(high)) {
    [low, best] = [high, size];
    if (high === last) return best;
    // Memory is planned, which takes its time for networks that are far too large: no further than twice the arithmetic.
    high = Math.min(last, maxMemory === undefined ? 2 * high : high + STEPS_PER_UNIT);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const size = at(middle);
    if (fits(size)) [low, best] = [middle, size];
    else high = middle;
  }
  return best;
}
