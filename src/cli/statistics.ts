/** @file What noise can tell apart: standard errors of accuracies, and the test of two. */

/** Returns the standard error of an accuracy measured on `count` images (binomial). */
export function accuracyError(accuracy: number, count: number): number {
  return Math.sqrt((accuracy * (1 - accuracy)) / count);
}

/**
 * Returns the two-sided p-value that two accuracies, each on `count` images, differ by chance alone: two-proportion z-test with pooled
 * variance. The same images make the true value smaller, so a small p is safe to believe.
 */
export function differenceP(a: number, b: number, count: number): number {
  const pooled = (a + b) / 2;
  const error = Math.sqrt((2 * pooled * (1 - pooled)) / count);
  if (error === 0) return a === b ? 1 : 0;
  return 2 * (1 - normalCdf(Math.abs(a - b) / error));
}

/** Returns mean and sample standard deviation; the deviation is undefined for fewer than two values. */
export function spread(values: readonly number[]): { readonly mean: number; readonly deviation?: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
}

/** Abramowitz and Stegun 7.1.26; the error is below 1.5e-7. */
function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - series * Math.exp(-x * x);
  return z >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
}
