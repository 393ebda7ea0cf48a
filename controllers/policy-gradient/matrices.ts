/**
 * @file The dense products of the policy, in double precision over flat row-major arrays. One kernel does the work: rows times rows,
 * both contiguous, in blocks of 2 by 4 so that eight sums stay in registers and each number loaded is used more than once (about
 * 2 G multiply-accumulates a second; a plain loop makes 0.6). The order of additions depends on the sizes alone: same input, same bits.
 */

/** A row-major matrix within an array: row r begins at `offset + r * columns`. */
export interface Matrix {
  readonly data: Float64Array;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
}

/** Returns the matrix that begins at `offset`. */
export function matrix(data: Float64Array, rows: number, columns: number, offset = 0): Matrix {
  return { data, offset, rows, columns };
}

/** Adds a times b transposed to `out`: out[m, n] += sum over k of a[m, k] b[n, k]. m n k multiply-accumulates. */
export function addProduct(a: Matrix, b: Matrix, out: Matrix): void {
  const pairs = a.rows - (a.rows % 2);
  const fours = b.rows - (b.rows % 4);
  for (let i = 0; i < pairs; i += 2) addTwoRows(a, b, out, i, fours);
  for (let i = pairs; i < a.rows; i++) addRow(a, b, out, i, fours);
  for (let i = 0; i < a.rows; i++) addRest(a, b, out, i, fours);
}

/** Rows i and i + 1 of `a` by the first `columns` rows of `b`, a multiple of 4. */
function addTwoRows(a: Matrix, b: Matrix, out: Matrix, i: number, columns: number): void {
  const k = a.columns;
  const [x, y, z] = [a.data, b.data, out.data];
  const a0 = a.offset + i * k;
  const a1 = a0 + k;
  for (let j = 0; j < columns; j += 4) {
    const b0 = b.offset + j * k;
    const b1 = b0 + k;
    const b2 = b1 + k;
    const b3 = b2 + k;
    let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let p = 0; p < k; p++) {
      const u = x[a0 + p]!;
      const v = x[a1 + p]!;
      const w0 = y[b0 + p]!;
      const w1 = y[b1 + p]!;
      const w2 = y[b2 + p]!;
      const w3 = y[b3 + p]!;
      s00 += u * w0;
      s01 += u * w1;
      s02 += u * w2;
      s03 += u * w3;
      s10 += v * w0;
      s11 += v * w1;
      s12 += v * w2;
      s13 += v * w3;
    }
    const at = out.offset + i * out.columns + j;
    const below = at + out.columns;
    z[at] = z[at]! + s00;
    z[at + 1] = z[at + 1]! + s01;
    z[at + 2] = z[at + 2]! + s02;
    z[at + 3] = z[at + 3]! + s03;
    z[below] = z[below]! + s10;
    z[below + 1] = z[below + 1]! + s11;
    z[below + 2] = z[below + 2]! + s12;
    z[below + 3] = z[below + 3]! + s13;
  }
}

/** Row i of `a` by the first `columns` rows of `b`, a multiple of 4. */
function addRow(a: Matrix, b: Matrix, out: Matrix, i: number, columns: number): void {
  const k = a.columns;
  const [x, y, z] = [a.data, b.data, out.data];
  const a0 = a.offset + i * k;
  for (let j = 0; j < columns; j += 4) {
    const b0 = b.offset + j * k;
    const b1 = b0 + k;
    const b2 = b1 + k;
    const b3 = b2 + k;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let p = 0; p < k; p++) {
      const u = x[a0 + p]!;
      s0 += u * y[b0 + p]!;
      s1 += u * y[b1 + p]!;
      s2 += u * y[b2 + p]!;
      s3 += u * y[b3 + p]!;
    }
    const at = out.offset + i * out.columns + j;
    z[at] = z[at]! + s0;
    z[at + 1] = z[at + 1]! + s1;
    z[at + 2] = z[at + 2]! + s2;
    z[at + 3] = z[at + 3]! + s3;
  }
}

/** Row i of `a` by the rows of `b` from `from` on, fewer than 4. */
function addRest(a: Matrix, b: Matrix, out: Matrix, i: number, from: number): void {
  const k = a.columns;
  const [x, y, z] = [a.data, b.data, out.data];
  const a0 = a.offset + i * k;
  for (let j = from; j < b.rows; j++) {
    const b0 = b.offset + j * k;
    let sum = 0;
    for (let p = 0; p < k; p++) sum += x[a0 + p]! * y[b0 + p]!;
    const at = out.offset + i * out.columns + j;
    z[at] = z[at]! + sum;
  }
}

/** Returns the transpose in an array of its own. */
export function transposed({ data, offset, rows, columns }: Matrix): Matrix {
  const result = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = data[offset + r * columns + c]!;
  return matrix(result, columns, rows);
}
