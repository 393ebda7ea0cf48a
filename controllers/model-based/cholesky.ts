/**
 * @file The factor L of a symmetric positive definite matrix, K = L Lᵀ, and what is solved with it. Double precision, flat, row-major, lower triangle
 * in use; sums are taken in an order that depends on the size alone.
 */

/** A square matrix; entry (i, j) at i * size + j. */
export interface Square {
  readonly size: number;
  readonly data: Float64Array;
}

/** Sum over k < length of x[p + k] y[q + k], in four partial sums. */
export function dot(x: Float64Array, p: number, y: Float64Array, q: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const fours = length - (length % 4);
  for (let k = 0; k < fours; k += 4) {
    a += x[p + k]! * y[q + k]!;
    b += x[p + k + 1]! * y[q + k + 1]!;
    c += x[p + k + 2]! * y[q + k + 2]!;
    d += x[p + k + 3]! * y[q + k + 3]!;
  }
  for (let k = fours; k < length; k++) a += x[p + k]! * y[q + k]!;
  return a + b + (c + d);
}

/** Returns L, or undefined where the matrix is not positive definite in double precision. size³ / 6 multiply-accumulates. */
export function cholesky({ size, data }: Square): Square | undefined {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j < i; j++) {
      const other = j * size;
      factor[row + j] = (data[row + j]! - dot(factor, row, factor, other, j)) / factor[other + j]!;
    }
    const rest = data[row + i]! - dot(factor, row, factor, row, i);
    // Written so that NaN is refused too.
    if (!(rest > 0)) return undefined;
    factor[row + i] = Math.sqrt(rest);
  }
  return { size, data: factor };
}

/** Solves L x = b for the first `length` entries, in place. */
export function solveLower({ size, data }: Square, b: Float64Array, length = size): void {
  for (let i = 0; i < length; i++) b[i] = (b[i]! - dot(data, i * size, b, 0, i)) / data[i * size + i]!;
}

/** Solves Lᵀ x = b for the first `length` entries, in place. */
export function solveUpper({ size, data }: Square, b: Float64Array, length = size): void {
  for (let i = length - 1; i >= 0; i--) {
    const value = b[i]! / data[i * size + i]!;
    b[i] = value;
    for (let j = 0; j < i; j++) b[j] = b[j]! - data[i * size + j]! * value;
  }
}

/** Returns the lower triangle of K⁻¹ from L. size³ / 3 multiply-accumulates. */
export function inverseFrom(factor: Square): Square {
  const { size, data } = factor;
  // Row j of `columns` is column j of L⁻¹, which begins at j.
  const columns = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const column = j * size;
    columns[column + j] = 1 / data[column + j]!;
    for (let i = j + 1; i < size; i++)
      columns[column + i] = -dot(data, i * size + j, columns, column + j, i - j) / data[i * size + i]!;
  }
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) inverse[i * size + j] = dot(columns, i * size + i, columns, j * size + i, size - i);
  return { size, data: inverse };
}
