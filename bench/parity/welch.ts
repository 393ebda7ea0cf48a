/** @file Welch's test: whether two means differ by more than their spread explains, with as few as two values each. */

export interface Comparison {
  /** Mean of the second less that of the first. */
  readonly difference: number;
  /** Welch's t, and its degrees of freedom. */
  readonly t: number;
  readonly freedom: number;
  /** Chance of a difference as large between equal means, either way. */
  readonly p: number;
}

/** Returns the mean. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the standard deviation, with n - 1. */
export function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Compares two samples of two values or more each. Where neither has any spread, p is 1 for equal means and 0 for others. */
export function welch(first: readonly number[], second: readonly number[]): Comparison {
  const difference = meanOf(second) - meanOf(first);
  const [a, b] = [deviationOf(first) ** 2 / first.length, deviationOf(second) ** 2 / second.length];
  if (a + b === 0)
    return { difference, t: difference === 0 ? 0 : Infinity, freedom: Infinity, p: difference === 0 ? 1 : 0 };
  const t = difference / Math.sqrt(a + b);
  const freedom = (a + b) ** 2 / (a ** 2 / (first.length - 1) + b ** 2 / (second.length - 1));
  return { difference, t, freedom, p: twoSided(Math.abs(t), freedom) };
}

/** Student's tail: with x = sqrt(f) tan(angle) its density is a power of the cosine, which is summed at midpoints. */
function twoSided(t: number, freedom: number): number {
  const area = (from: number): number => {
    const steps = 20_000;
    const width = (Math.PI / 2 - from) / steps;
    let sum = 0;
    for (let step = 0; step < steps; step++) sum += Math.cos(from + (step + 0.5) * width) ** (freedom - 1);
    return sum * width;
  };
  return area(Math.atan(t / Math.sqrt(freedom))) / area(0);
}
