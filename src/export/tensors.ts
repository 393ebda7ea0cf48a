/** @file Weights as exporters need them: looked up with their length checked, with their axes in another order, as little-endian bytes. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Weights, WeightSpec } from "../network/network.ts";

/** Returns the values of a weight. Throws `data`, naming it, where they are missing or have another length than its shape. */
export function weightValues(weights: Weights, spec: WeightSpec): Float32Array {
  const data = weights.get(spec.name);
  const length = spec.shape.reduce((product, size) => product * size, 1);
  if (data?.length !== length)
    throw new CellwrightError(
      "data",
      expected(`weight ${spec.name}`, `${length} values`, data === undefined ? undefined : `${data.length} values`),
    );
  return data;
}

/** Returns row-major `data` of four axes with its axes in another order: axis i of the result is axis `order[i]` of the source. */
export function transposed(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const [n0 = 1, n1 = 1, n2 = 1, n3 = 1] = order.map((axis) => shape[axis] ?? 1);
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = order.map((axis) => strides[axis] ?? 0);
  const result = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < n0; i++)
    for (let j = 0; j < n1; j++)
      for (let k = 0; k < n2; k++)
        for (let l = 0; l < n3; l++) result[at++] = data[i * s0 + j * s1 + k * s2 + l * s3] ?? 0;
  return result;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Returns float32 values as little-endian bytes: a view of them on most machines, a copy on others. */
export function floatBytes(data: Float32Array): Uint8Array {
  if (littleEndian) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytes = new Uint8Array(data.length * 4);
  const view = new DataView(bytes.buffer);
  data.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return bytes;
}
