/** @file Means with their standard errors, differences in them, and quantiles. */

export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly error: number;
}

/** Returns the mean. */
export function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** Returns the standard error of the mean. */
export function standardErrorOf(numbers: readonly number[]): number {
  const mean = meanOf(numbers);
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1) / numbers.length);
}

/** Returns the mean with its standard error. */
export function estimateOf(numbers: readonly number[]): Estimate {
  return { mean: meanOf(numbers), error: standardErrorOf(numbers) };
}

/** Returns by how many standard errors of their difference `a` is above `b`; the two are taken as independent. */
export function errorsBetween(a: Estimate, b: Estimate): number {
  return (a.mean - b.mean) / Math.hypot(a.error, b.error);
}

/** Returns the value below which this share of the numbers lies, between two of them by their distance. */
export function quantileOf(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number];
  return low + (high - low) * (at - Math.floor(at));
}

/** Returns `84.700 ±0.012`. */
export function written({ mean, error }: Estimate, digits = 3): string {
  return `${mean.toFixed(digits)} ±${error.toFixed(digits)}`;
}
