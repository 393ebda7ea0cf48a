/**
 * @file What is trained to find how an architecture should grow (Tan and Le 2019, arXiv 1905.11946, section 3.3 and figure 8): a grid of coefficients at phi = 1,
 * each at twice the multiply-accumulates, and beside them depth, width and resolution grown alone to the same cost, at one level or several.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import type { SkeletonBase } from "../space/space.ts";
import { coefficientGrid, growthOf, type CoefficientGridOptions } from "./coefficient-grid.ts";
import { axisLine, nearestMacs } from "./equal-macs.ts";
import { scaleFactors, type ScaleCoefficients } from "./factors.ts";
import { grownNumbers, type Axis } from "./rounding.ts";
import { networkAt, scaleBy, sizeAsSearched, type ScaledSize, type ScaleSubject } from "./scale.ts";

export interface ScalingPlanOptions extends CoefficientGridOptions {
  /** Powers of 2: `[1, 2]` compares at two and at four times the multiply-accumulates. Level 1, of the grid, is always among them. Default `[1, 2]`. */
  readonly levels?: readonly number[];
  /** How far the multiply-accumulates of a point may be from the level's and still count as equal, as a share. Default 0.15. */
  readonly macsTolerance?: number;
}

/** How a point grows. `searched` is the architecture as it was found. */
export type ScalingMethod = "searched" | "compound" | Axis;

/** One network of the plan. */
export interface ScalingPoint {
  /** Unique in the plan, of the coefficients or factors: `1.2 1.1 1.2`, `width at 4x`. */
  readonly name: string;
  readonly method: ScalingMethod;
  /** The point's multiply-accumulates are to be 2 to this power times those searched. */
  readonly level: number;
  /** Of compound scaling. */
  readonly coefficients?: ScaleCoefficients;
  readonly size: ScaledSize;
  /** Its multiply-accumulates by those of the level. */
  readonly macsRatio: number;
  /** Whether that is within the tolerance. */
  readonly isOnTarget: boolean;
  /** Other points of the grid that round to the same network. */
  readonly same: readonly ScaleCoefficients[];
}

export interface ScalingPlan {
  /** Trained first, in this order: as searched, the grid, each axis alone at every level. */
  readonly points: readonly ScalingPoint[];
  /** Indices of the points that are compound scaling at level 1: what the coefficients are chosen among. */
  readonly grid: readonly number[];
  /** Levels beyond the first, at which the chosen coefficients are then trained. */
  readonly further: readonly number[];
  /** Returns compound scaling by coefficients at a level, phi being where the multiply-accumulates come nearest to it. */
  compoundAt(coefficients: ScaleCoefficients, level: number): ScalingPoint;
  /** Axes that the space does not grow in, or not as far as some level. */
  readonly lacking: readonly string[];
  readonly macsTolerance: number;
  /** Multiply-accumulates as searched. */
  readonly searchedMacs: number;
}

const AXES: readonly Axis[] = ["depth", "width", "resolution"];

/** Beyond it a comparison trains networks 256 times as costly. */
const MAX_LEVEL = 8;

/** `1.2 1.1 1.15`. */
export function coefficientsText({ alpha, beta, gamma }: ScaleCoefficients): string {
  return [alpha, beta, gamma].map((value) => String(Number(value.toFixed(6)))).join(" ");
}

/** Name of compound scaling at a level beyond the first. */
export function furtherName(coefficients: ScaleCoefficients, level: number): string {
  return `${coefficientsText(coefficients)} at ${2 ** level}x`;
}

/**
 * Returns the plan: decided before anything is trained, but for which of the grid's points goes on to the further levels. Points that round to one network are one: that
 * whose factors rounding moved least. Throws `config` for options that make none, `space` where the space doesn't say how it grows.
 */
export function scalingPlan<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  options: ScalingPlanOptions = {},
): ScalingPlan {
  const { levels = [1, 2], macsTolerance = 0.15 } = options;
  for (const level of levels)
    if (!Number.isSafeInteger(level) || level < 1 || level > MAX_LEVEL)
      throw new CellwrightError("config", expected("levels", `whole numbers from 1 to ${MAX_LEVEL}`, level));
  if (!(macsTolerance > 0 && macsTolerance < 1))
    throw new CellwrightError("config", expected("macsTolerance", "a share above 0 and below 1", macsTolerance));
  const searched = sizeAsSearched(subject);
  const point = (
    name: string,
    method: ScalingMethod,
    level: number,
    size: ScaledSize,
    more: Partial<Pick<ScalingPoint, "coefficients" | "same">> = {},
  ): ScalingPoint => {
    const macsRatio = size.macs / (searched.macs * 2 ** level);
    const isOnTarget = macsRatio <= 1 + macsTolerance && macsRatio >= 1 - macsTolerance;
    return { name, method, level, size, macsRatio, isOnTarget, same: [], ...more };
  };
  const grid = distinctGrid(subject, coefficientGrid(options)).map(({ coefficients, size, same }) =>
    point(coefficientsText(coefficients), "compound", 1, size, { coefficients, same }),
  );
  const lacking: string[] = [];
  const all = [...new Set([1, ...levels])].toSorted((a, b) => a - b);
  const alone = AXES.flatMap((axis) =>
    all.flatMap((level) => {
      const found = nearestMacs(subject, axisLine(axis), searched.macs * 2 ** level);
      if (found !== undefined) return [point(`${axis} at ${2 ** level}x`, axis, level, { phi: level, ...found.size })];
      lacking.push(`${axis} at ${2 ** level}x`);
      return [];
    }),
  );
  return {
    points: [point("searched", "searched", 0, searched), ...grid, ...alone],
    grid: grid.map((_, i) => 1 + i),
    further: all.filter((level) => level > 1),
    compoundAt(coefficients, level) {
      // In powers of what alpha x beta^2 x gamma^2 is, so that a unit of the line is about a doubling.
      const perUnit = Math.log(2) / Math.log(growthOf(coefficients));
      const found = nearestMacs(subject, (at) => scaleFactors(at * perUnit, coefficients), searched.macs * 2 ** level);
      const phi = found === undefined ? level : found.at * perUnit;
      const size = found?.size ?? scaleBy(subject, scaleFactors(level, coefficients));
      return point(furtherName(coefficients, level), "compound", level, { phi, ...size }, { coefficients });
    },
    lacking,
    macsTolerance,
    searchedMacs: searched.macs,
  };
}

interface GridPoint {
  readonly coefficients: ScaleCoefficients;
  readonly size: ScaledSize;
  readonly same: readonly ScaleCoefficients[];
}

/** Returns the grid's networks, each once, under the coefficients that rounding moved least. */
function distinctGrid<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  grid: readonly ScaleCoefficients[],
): readonly GridPoint[] {
  const groups = new Map<string, { coefficients: ScaleCoefficients; size: ScaledSize<S>; moved: number }[]>();
  for (const coefficients of grid) {
    const size = { phi: 1, ...scaleBy(subject, scaleFactors(1, coefficients)) };
    const key = canonicalJson(networkAt(subject, size).nodes);
    groups.set(key, [...(groups.get(key) ?? []), { coefficients, size, moved: movedBy(size, subject) }]);
  }
  return [...groups.values()].map((group) => {
    const [first, ...others] = group.toSorted((a, b) => a.moved - b.moved) as [(typeof group)[number]];
    return { ...first, same: others.map(({ coefficients }) => coefficients) };
  });
}

/** Returns how far rounding moved depth, width and resolution in all, as a sum of logarithms. */
function movedBy<S extends SkeletonBase>(size: Pick<ScaledSize<S>, "factors" | "skeleton">, subject: ScaleSubject<S>) {
  const { space, genotype, skeleton } = subject;
  const base = { ...space.skeleton, ...skeleton } as S;
  const grown = grownNumbers(space.scaleSkeleton as never, base, size.factors);
  const decoded = space.roundedNumbers?.(genotype, size.skeleton) ?? [];
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return sum([
    // One number for each axis: an image has two sides that say the same.
    ...AXES.map((axis) => {
      const first = grown.find((number) => number.axis === axis);
      return first === undefined ? 0 : Math.abs(Math.log(first.rounded / first.exact));
    }),
    ...decoded.map(({ exact, rounded }) => Math.abs(Math.log(sum(rounded) / sum(exact)))),
  ]);
}
