/** @file Weights as TensorFlow.js reads them: one run of bytes cut into shards of 4 MB, which browsers cache, and a manifest that names tensors in order. */

/** One tensor of the manifest: row-major. */
export interface ShardTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What model.json says of the shards. */
export interface WeightsManifest {
  readonly paths: readonly string[];
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[];
}

/** As TensorFlow.js's own converter cuts them. */
const SHARD_BYTES = 4 * 1024 * 1024;

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Returns the shards by file name and what model.json says of them. */
export function weightShards(tensors: readonly ShardTensor[]): {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly manifest: readonly WeightsManifest[];
} {
  const bytes = new Uint8Array(tensors.reduce((total, { data }) => total + data.length * 4, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { data } of tensors) {
    if (littleEndian) bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    else if (data instanceof Float32Array)
      for (const [i, value] of data.entries()) view.setFloat32(at + i * 4, value, true);
    else for (const [i, value] of data.entries()) view.setInt32(at + i * 4, value, true);
    at += data.byteLength;
  }
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  const files = new Map(
    Array.from({ length: count }, (_, index) => [
      `group1-shard${index + 1}of${count}.bin`,
      bytes.slice(index * SHARD_BYTES, (index + 1) * SHARD_BYTES),
    ]),
  );
  const weights = tensors.map(({ name, shape, data }) => ({
    name,
    shape,
    dtype: data instanceof Float32Array ? "float32" : "int32",
  }));
  return { files, manifest: [{ paths: [...files.keys()], weights }] };
}
