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

/** Returns what depth, width and resolution are multiplied by at `phi`. Throws `config` unless all three coefficients are 1 or more and phi is a finite number. */
export function scaleFactors(phi: number, coefficients: ScaleCoefficients = efficientNetCoefficients): ScaleFactors {
  if (!Number.isFinite(phi)) throw new CellwrightError("config", expected("phi", "a finite number", phi));
  for (const name of ["alpha", "beta", "gamma"] as const) {
    const value = coefficients[name];
    if (!Number.isFinite(value) || value < 1)
      throw new CellwrightError("config", expected(name, "a number of 1 or more", value));
  }
  const { alpha, beta, gamma } = coefficients;
  return { depth: alpha ** phi, width: beta ** phi, resolution: gamma ** phi };
}
