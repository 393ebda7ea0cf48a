/**
 * @file The safetensors file format, float32 only: eight bytes of header length, a JSON header, the tensors. Weights leave and enter
 * through it: a checkpoint of a trial, the export of the winner. A file holds no code, so a foreign one may be opened safely.
 *
 * Layout: https://github.com/huggingface/safetensors#format. Little-endian on every machine; the header is padded with spaces so that
 * the tensors begin at a multiple of 8.
 */
import { canonicalJson } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { floatBytes } from "./tensors.ts";

/** One tensor: row-major values and their shape (`[]` for a scalar). */
export interface SafetensorsTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  /** Free text by key, such as `format: "pt"`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Largest header that we read, as in the official reader: a length beyond it is a broken file, not a large one. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = "__metadata__";

/**
 * Returns the bytes of a file holding `tensors` in the order of the map. Equal input gives equal bytes.
 * Throws `internal` where a shape and its data disagree or a name is taken by the format.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: string[] = [];
  if (Object.keys(metadata).length > 0) entries.push(`"${METADATA_KEY}":${canonicalJson(metadata)}`);
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    if (name === METADATA_KEY)
      throw new CellwrightError("internal", expected(name, "a tensor name the format leaves free", name));
    if (elementCount(shape) !== data.length)
      throw new CellwrightError(
        "internal",
        expected(name, `${elementCount(shape)} values for the shape [${shape.join(", ")}]`, data.length),
      );
    const end = offset + data.length * 4;
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: "F32", shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const text = new TextEncoder().encode(`{${entries.join(",")}}`);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset).fill(0x20, 8, 8 + headerBytes);
  file.set(text, 8);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(headerBytes), true);
  let at = 8 + headerBytes;
  for (const { data } of tensors.values()) {
    file.set(floatBytes(data), at);
    at += data.length * 4;
  }
  return file;
}

/**
 * Returns the tensors of a file, copied out of `bytes`. `place` names the file in errors.
 * Throws `data` for anything that the format forbids: a truncated file, a header that is no JSON, another element type, tensors that overlap,
 * leave a gap or reach beyond the end, a length that is not the shape's.
 */
export function decodeSafetensors(bytes: Uint8Array, place = "weights.safetensors"): SafetensorsFile {
  const fail = (what: string, received: unknown): never => {
    throw new CellwrightError("data", expected(place, what, received));
  };
  if (bytes.length < 8) fail("at least 8 bytes of header length", `${bytes.length} bytes`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (declared > BigInt(Math.min(MAX_HEADER_BYTES, bytes.length - 8)))
    fail(`a header within the file's ${bytes.length} bytes`, `a header of ${declared} bytes`);
  const start = 8 + Number(declared);
  const header = parseHeader(bytes.subarray(8, start), fail);

  const tensors = new Map<string, SafetensorsTensor>();
  const metadata: Record<string, string> = {};
  const spans: { name: string; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA_KEY) {
      if (!isRecord(entry)) fail(`${METADATA_KEY} as an object of texts`, entry);
      for (const [key, value] of Object.entries(entry as Record<string, unknown>))
        metadata[key] = typeof value === "string" ? value : fail(`a text for ${METADATA_KEY}.${key}`, value);
      continue;
    }
    const { shape, begin, end } = parseEntry(name, entry, fail);
    if (start + end > bytes.length) fail(`${start + end} bytes or more (tensor ${name})`, `${bytes.length} bytes`);
    spans.push({ name, begin, end });
    tensors.set(name, { shape, data: readFloats(bytes, start + begin, (end - begin) / 4) });
  }
  let at = 0;
  for (const { name, begin, end } of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) fail(`tensor ${name} to begin at ${at}, where the one before it ends`, begin);
    at = end;
  }
  if (start + at !== bytes.length) fail(`${start + at} bytes, as the header says`, `${bytes.length} bytes`);
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array, fail: (what: string, received: unknown) => never): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    fail("a JSON header", "bytes that are none");
  }
  return isRecord(header) ? header : fail("a JSON object as header", header);
}

function parseEntry(
  name: string,
  entry: unknown,
  fail: (what: string, received: unknown) => never,
): { shape: number[]; begin: number; end: number } {
  if (!isRecord(entry)) return fail(`an object for tensor ${name}`, entry);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== "F32") return fail(`element type F32 for tensor ${name}`, dtype);
  if (!isSizes(shape)) return fail(`a shape of whole numbers for tensor ${name}`, shape);
  if (!isSizes(offsets) || offsets.length !== 2 || (offsets[0] as number) > (offsets[1] as number))
    return fail(`two rising data_offsets for tensor ${name}`, offsets);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== elementCount(shape) * 4)
    return fail(`${elementCount(shape) * 4} bytes for tensor ${name} of shape [${shape.join(", ")}]`, end - begin);
  return { shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function readFloats(bytes: Uint8Array, at: number, count: number): Float32Array {
  const data = new Float32Array(count);
  if (littleEndian) new Uint8Array(data.buffer).set(bytes.subarray(at, at + count * 4));
  else {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    for (let i = 0; i < count; i++) data[i] = view.getFloat32(i * 4, true);
  }
  return data;
}
