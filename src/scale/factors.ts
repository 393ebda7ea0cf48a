/**
 * @file Compound scaling (Tan and Le 2019, arXiv 1905.11946, section 3.3): one number phi grows depth, width and resolution together,
 * depth d = alpha^phi, width w = beta^phi, resolution r = gamma^phi.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { ScaleFactors } from "../space/space.ts";

/** By how much each grows when phi grows by 1. MACs grow by about alpha x beta^2 x gamma^2. */
export interface ScaleCoefficients {
  /** Depth: cells or layers per stack. */
  readonly alpha: number;
  /** Width: filters. */
  readonly beta: number;
  /** Resolution: height and width of the image. */
  readonly gamma: number;
}

/** EfficientNet's, found by a grid search at phi = 1: MACs double with each step of phi, about. */
export const efficientNetCoefficients: ScaleCoefficients = { alpha: 1.2, beta: 1.1, gamma: 1.15 };

/** How often anything may grow: beyond it there is no network to train, only one that is too large to be counted. */
export const MAX_GROWTH = 256;

/** Larger than any budget asks for, where coefficients of 1 grow nothing. */
const MAX_PHI = 64;

/** Returns the largest phi at which nothing grows beyond `MAX_GROWTH`. Throws `config` unless all three coefficients are 1 or more. */
export function largestPhi(coefficients: ScaleCoefficients): number {
  for (const name of ["alpha", "beta", "gamma"] as const) {
    const value = coefficients[name];
    if (!Number.isFinite(value) || value < 1)
      throw new CellwrightError("config", expected(name, "a number of 1 or more", value));
  }
  const { alpha, beta, gamma } = coefficients;
  return Math.min(MAX_PHI, Math.log(MAX_GROWTH) / Math.log(Math.max(alpha, beta, gamma)));
}

/**
 * Returns what depth, width and resolution are multiplied by at `phi`. Throws `config` unless all three coefficients are 1 or more and phi is
 * a finite number that grows none of them beyond `MAX_GROWTH`.
 */
export function scaleFactors(phi: number, coefficients: ScaleCoefficients = efficientNetCoefficients): ScaleFactors {
  const most = largestPhi(coefficients);
  if (!Number.isFinite(phi)) throw new CellwrightError("config", expected("phi", "a finite number", phi));
  if (phi > most) {
    const limit = Math.floor(most * 10) / 10;
    throw new CellwrightError(
      "config",
      expected("phi", `at most ${limit}, where depth, width or input are ${MAX_GROWTH} times as large`, phi),
    );
  }
  const { alpha, beta, gamma } = coefficients;
  return { depth: alpha ** phi, width: beta ** phi, resolution: gamma ** phi };
}
