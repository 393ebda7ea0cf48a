/**
 * @file NumPy's .npz, written: a zip archive of .npy files, float32, stored without compression. `numpy.load` reads it, so an export's
 * weights need no reader of ours.
 *
 * Layouts: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (version 1.0) and PKWARE's APPNOTE.TXT (4.3).
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { SafetensorsTensor } from "./safetensors.ts";

/** Largest archive that the zip format holds without its 64-bit extension. */
const MAX_BYTES = 0xffffffff;
/** The earliest day of the format: equal weights give equal bytes. */
const DATE_1980_01_01 = 0x0021;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;

/**
 * Returns the bytes of an archive that holds `tensors` in the order of the map, `<name>.npy` each. Equal input gives equal bytes.
 * Throws `internal` where a shape and its data disagree, `data` for more than 4 GiB or 65,535 tensors.
 */
export function encodeNpz(tensors: ReadonlyMap<string, SafetensorsTensor>): Uint8Array {
  const entries = [...tensors].map(([name, { shape, data }]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length)
      throw new CellwrightError(
        "internal",
        expected(name, `${count} values for the shape [${shape.join(", ")}]`, data.length),
      );
    return { name: new TextEncoder().encode(`${name}.npy`), shape, data, bytes: headerBytes(shape) + data.length * 4 };
  });
  const total = entries.reduce(
    (sum, { name, bytes }) => sum + LOCAL_BYTES + CENTRAL_BYTES + 2 * name.length + bytes,
    END_BYTES,
  );
  if (total > MAX_BYTES || entries.length > 0xffff)
    throw new CellwrightError(
      "data",
      expected("weights.npz", "at most 65,535 tensors in 4 GiB", `${entries.length} in ${total} bytes`),
    );

  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  let at = 0;
  const placed = entries.map((entry) => {
    const start = at;
    const content = start + LOCAL_BYTES + entry.name.length;
    writeArray(file, content, entry);
    const crc = crc32(file.subarray(content, content + entry.bytes));
    view.setUint32(start, 0x04034b50, true);
    writeFacts(view, start + 4, entry, crc);
    file.set(entry.name, start + LOCAL_BYTES);
    at = content + entry.bytes;
    return { ...entry, start, crc };
  });
  const central = at;
  for (const { name, start, crc, bytes } of placed) {
    view.setUint32(at, 0x02014b50, true);
    view.setUint16(at + 4, 20, true);
    writeFacts(view, at + 6, { name, bytes }, crc);
    view.setUint32(at + 42, start, true);
    file.set(name, at + CENTRAL_BYTES);
    at += CENTRAL_BYTES + name.length;
  }
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, entries.length, true);
  view.setUint16(at + 10, entries.length, true);
  view.setUint32(at + 12, at - central, true);
  view.setUint32(at + 16, central, true);
  return file;
}

/** The 26 bytes that an entry has both before its content and in the directory: version, method (stored), date, checksum, sizes. */
function writeFacts(
  view: DataView,
  at: number,
  { name, bytes }: { readonly name: Uint8Array; readonly bytes: number },
  crc: number,
): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, 0x0800, true); // names are UTF-8
  view.setUint16(at + 8, DATE_1980_01_01, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, bytes, true);
  view.setUint32(at + 18, bytes, true);
  view.setUint16(at + 22, name.length, true);
}

function headerText(shape: readonly number[]): string {
  const sides = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  return `{'descr': '<f4', 'fortran_order': False, 'shape': ${sides}, }`;
}

/** Magic, version, length and a text padded so that the values begin at a multiple of 64, as numpy has them. */
function headerBytes(shape: readonly number[]): number {
  return Math.ceil((10 + headerText(shape).length + 1) / 64) * 64;
}

function writeArray(
  file: Uint8Array,
  at: number,
  { shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array },
): void {
  const length = headerBytes(shape);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (length - 10) & 0xff, (length - 10) >> 8], at);
  file.fill(0x20, at + 10, at + length - 1);
  file.set(new TextEncoder().encode(headerText(shape)), at + 10);
  file[at + length - 1] = 0x0a;
  const values = new DataView(file.buffer, file.byteOffset + at + length, data.length * 4);
  for (let i = 0; i < data.length; i++) values.setFloat32(i * 4, data[i] as number, true);
}

/** Remainders of the checksum's polynomial (0xEDB88320, bits reversed) for every byte. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++)
    crc = (crc >>> 8) ^ (remainders[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}
