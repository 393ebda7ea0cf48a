/** @file What the reference engine computes with: a batch of values in double precision, batch first, row-major. */

export interface Tensor {
  /** `[n, h, w, c]` or `[n, c]`. */
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** `[n, h, w, c]`; a vector `[n, c]` reads as `[n, 1, 1, c]`. */
export interface Extent {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

export function zeros(shape: readonly number[]): Tensor {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

export function extentOf(shape: readonly number[]): Extent {
  if (shape.length === 2) return { n: shape[0] ?? 0, h: 1, w: 1, c: shape[1] ?? 0 };
  return { n: shape[0] ?? 0, h: shape[1] ?? 0, w: shape[2] ?? 0, c: shape[3] ?? 0 };
}
