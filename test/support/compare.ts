/** @file How far two arrays of numbers are apart. */

/**
 * Returns the largest difference as a share of the largest magnitude of either (at least `floor`, so that arrays of rounding noise about zero
 * don't count as different). Infinity where the lengths differ or one has NaN where the other has a number.
 */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>, floor = 1e-3): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let scale = floor;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (Number.isNaN(x) !== Number.isNaN(y)) return Infinity;
    difference = Math.max(difference, Math.abs(x - y));
    scale = Math.max(scale, Math.abs(x), Math.abs(y));
  }
  return difference / scale;
}
