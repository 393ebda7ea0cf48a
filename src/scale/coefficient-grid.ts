/** @file The small grid of coefficients that compound scaling is searched on at phi = 1 (Tan and Le 2019, arXiv 1905.11946, section 3.3, step 1). */
import { CellwrightError, expected } from "../base/errors.ts";
import type { ScaleCoefficients } from "./factors.ts";

/** What alpha x beta^2 x gamma^2 is held at: multiply-accumulates double with each step of phi. */
export const GROWTH = 2;

export interface CoefficientGridOptions {
  /** Between neighbouring values of each coefficient, from 1 on. Default 0.1. */
  readonly step?: number;
  /** How far alpha x beta^2 x gamma^2 may be from 2. Default 0.1. */
  readonly tolerance?: number;
}

/** Finer ones have more points than anyone trains. */
const MIN_STEP = 0.01;

/** Returns alpha x beta^2 x gamma^2: about how often the multiply-accumulates grow with each step of phi. */
export function growthOf({ alpha, beta, gamma }: ScaleCoefficients): number {
  return alpha * beta ** 2 * gamma ** 2;
}

/**
 * Returns the points of the grid, alpha turning slowest: every alpha, beta and gamma of 1 or more, in steps, with |alpha x beta^2 x gamma^2 - 2| within the
 * tolerance. 22 points at the defaults. Throws `config` for a step or a tolerance that leaves no grid.
 */
export function coefficientGrid({ step = 0.1, tolerance = 0.1 }: CoefficientGridOptions = {}): ScaleCoefficients[] {
  if (!(step >= MIN_STEP && step <= 1))
    throw new CellwrightError("config", expected("step", `a number from ${MIN_STEP} to 1`, step));
  if (!(tolerance >= 0 && tolerance < 1))
    throw new CellwrightError("config", expected("tolerance", "a number from 0 to less than 1", tolerance));
  const most = GROWTH + tolerance;
  const points: ScaleCoefficients[] = [];
  // Sums of steps are not exact in floating point; a millionth is nothing beside any tolerance.
  const valuesUpTo = (limit: number): number[] =>
    Array.from({ length: Math.floor((limit - 1) / step + 1e-6) + 1 }, (_, i) => Number((1 + i * step).toFixed(6)));
  for (const alpha of valuesUpTo(most))
    for (const beta of valuesUpTo(Math.sqrt(most)))
      for (const gamma of valuesUpTo(Math.sqrt(most))) {
        const point = { alpha, beta, gamma };
        if (Math.abs(growthOf(point) - GROWTH) <= tolerance + 1e-6) points.push(point);
      }
  if (points.length === 0)
    throw new CellwrightError(
      "config",
      expected("tolerance", `one that leaves a point of the grid in steps of ${step}`, tolerance),
    );
  return points;
}
