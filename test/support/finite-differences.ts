/** @file Central differences, the proof of a gradient that needs no second implementation. */

/** Step: the cut-off error grows with its square, the rounding error with its inverse; both are then about 1e-10. */
const H = 1e-5;

/**
 * Returns the largest difference between `gradient` and central differences of `f` over `values` at up to `samples` places (spread evenly), as
 * a share of the largest magnitude of either, 1 at least. `f` reads `values`, which are changed in place and put back.
 */
export function gradientError(f: () => number, values: Float64Array, gradient: Float64Array, samples = 40): number {
  if (gradient.length !== values.length) return Infinity;
  const stride = Math.max(1, Math.floor(values.length / samples));
  let error = 0;
  let scale = 1;
  for (let i = 0; i < values.length; i += stride) {
    const value = values[i] as number;
    values[i] = value + H;
    const above = f();
    values[i] = value - H;
    const below = f();
    values[i] = value;
    const slope = (above - below) / (2 * H);
    error = Math.max(error, Math.abs(slope - (gradient[i] as number)));
    scale = Math.max(scale, Math.abs(slope));
  }
  return error / scale;
}
