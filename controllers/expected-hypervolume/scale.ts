/** @file What a scale is on which an objective is learned. */

export interface Scale {
  /** By trial, of mean 0 and about variance 1. */
  readonly scores: Float64Array;
  /** Returns the value of a score. */
  readonly valueOf: (score: number) => number;
}

/** Returns the least of the values that are finite, which those that are not count as; Infinity where none is. */
export function worstOf(values: readonly number[]): number {
  return values.reduce((least, value) => (Number.isFinite(value) ? Math.min(least, value) : least), Infinity);
}
