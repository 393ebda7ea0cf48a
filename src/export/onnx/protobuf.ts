/**
 * @file Writes the wire format of Protocol Buffers, as far as ONNX's messages need it: varints, fixed 32-bit numbers, and texts, bytes and messages with
 * their length before them (https://protobuf.dev/programming-guides/encoding). A weight's bytes are not copied until the whole file is.
 */
import { floatBytes } from "../tensors.ts";

/** A message, or fields of one: pieces in their order, and their size in all. */
export interface Bytes {
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
}

/** Wire types. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Returns fields one after the other. */
export function message(fields: readonly Bytes[]): Bytes {
  return {
    size: fields.reduce((sum, field) => sum + field.size, 0),
    pieces: fields.flatMap((field) => field.pieces),
  };
}

/** A whole number from -2^53 to 2^53: int32, int64 and enums alike. Negative ones take ten bytes, as in every writer. */
export function intField(number: number, value: number): Bytes {
  return piece([...varint(number * 8 + VARINT), ...varint(value)]);
}

/** float32. */
export function floatField(number: number, value: number): Bytes {
  return piece([...varint(number * 8 + FIXED_32), ...floatBytes(new Float32Array([value]))]);
}

/** A text in UTF-8. */
export function textField(number: number, text: string): Bytes {
  return bytesField(number, new TextEncoder().encode(text));
}

export function bytesField(number: number, bytes: Uint8Array): Bytes {
  return messageField(number, { size: bytes.length, pieces: [bytes] });
}

export function messageField(number: number, content: Bytes): Bytes {
  const head = piece([...varint(number * 8 + LENGTH_DELIMITED), ...varint(content.size)]);
  return { size: head.size + content.size, pieces: [...head.pieces, ...content.pieces] };
}

/** Returns the bytes of a message in one piece. */
export function joined({ size, pieces }: Bytes): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const each of pieces) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

function piece(bytes: readonly number[]): Bytes {
  return { size: bytes.length, pieces: [Uint8Array.from(bytes)] };
}

/** Seven bits a byte, the lowest first; a negative number as the 64 bits of its two's complement. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}
