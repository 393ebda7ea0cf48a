/**
 * @file TensorFlow's record format: a length (64 bits), its checksum, the bytes, their checksum, all little-endian. Checksums are CRC-32C
 * (Castagnoli), rotated by 15 bits and with a constant added, so that a record of records does not check itself. A file may be read at any
 * time: what is written of the last record so far is left alone.
 */

/** Reversed polynomial of CRC-32C. */
const CASTAGNOLI = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc;
});

/** Returns the CRC-32C of bytes (RFC 3720, appendix B.4), unsigned. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Bytes before and after the data. */
const HEAD = 12;
const FOOT = 4;

/** Returns a record of these bytes. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEAD + data.length + FOOT);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(data, HEAD);
  view.setUint32(HEAD + data.length, masked(data), true);
  return record;
}

/** What a file of records holds. */
export interface RecordsRead {
  readonly records: readonly Uint8Array[];
  /** Where the whole records end and why reading ended there; absent where the file ends with a whole record. */
  readonly broken?: { readonly offset: number; readonly reason: "cut off" | "checksum" };
}

/** Reads records up to the end or to the first that is cut off or damaged: nothing after that can be found. */
export function decodeRecords(bytes: Uint8Array): RecordsRead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const broken = (reason: "cut off" | "checksum"): RecordsRead => ({ records, broken: { offset: at, reason } });
    if (at + HEAD > bytes.length) return broken("cut off");
    if (view.getUint32(at + 8, true) !== masked(bytes.subarray(at, at + 8))) return broken("checksum");
    const length = Number(view.getBigUint64(at, true));
    const end = at + HEAD + length;
    if (end + FOOT > bytes.length) return broken("cut off");
    const data = bytes.subarray(at + HEAD, end);
    if (view.getUint32(end, true) !== masked(data)) return broken("checksum");
    records.push(data);
    at = end + FOOT;
  }
  return { records };
}
