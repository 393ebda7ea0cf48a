/**
 * @file TensorBoard's events as protocol buffers (tensorflow/core/util/event.proto and framework/summary.proto), as far as scalars need them:
 * `Event { double wall_time = 1; int64 step = 2; oneof { string file_version = 3; Summary summary = 5; SessionLog session_log = 7 } }`,
 * `Summary { repeated Value value = 1 }`, `Value { string tag = 1; float simple_value = 2 }`, `SessionLog { Status status = 1 }`.
 */
import { CellwrightError, expected, unreachable } from "../../base/errors.ts";

/** One number of one curve. */
export interface ScalarValue {
  readonly tag: string;
  /** Kept in single precision. */
  readonly value: number;
}

interface EventBase {
  /** Seconds since the epoch. */
  readonly wallTime: number;
  readonly step: number;
}

/** An event: the first of a file, scalars, or a start, which takes back every earlier event of its step and later ones. */
export type TensorboardEvent =
  | (EventBase & { readonly kind: "version"; readonly version: string })
  | (EventBase & { readonly kind: "scalars"; readonly values: readonly ScalarValue[] })
  | (EventBase & { readonly kind: "start" })
  /** Anything else that TensorBoard knows and this file does not. */
  | (EventBase & { readonly kind: "other" });

/** The version that files name: from 2 on, a start says what is taken back. */
export const FILE_VERSION = "brain.Event:2";

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const SESSION_START = 1;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  // Not by bit operations, which end at 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const key = (field: number, wire: number): number => (field << 3) | wire;

function bytesField(field: number, bytes: ArrayLike<number>): number[] {
  return [key(field, BYTES), ...varint(bytes.length), ...Array.from(bytes)];
}

function fixedField(field: number, value: number, wire: typeof FIXED32 | typeof FIXED64): number[] {
  const bytes = new Uint8Array(wire === FIXED32 ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (wire === FIXED32) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return [key(field, wire), ...bytes];
}

function payload(event: TensorboardEvent): number[] {
  const text = new TextEncoder();
  switch (event.kind) {
    case "version":
      return bytesField(3, text.encode(event.version));
    case "scalars": {
      const values = event.values.map(({ tag, value }) => [
        ...bytesField(1, text.encode(tag)),
        ...fixedField(2, value, FIXED32),
      ]);
      return bytesField(
        5,
        values.flatMap((value) => bytesField(1, value)),
      );
    }
    case "start":
      return bytesField(7, [key(1, VARINT), SESSION_START]);
    case "other":
      return [];
    default:
      return unreachable(event);
  }
}

/** Returns the bytes of an event. */
export function encodeEvent(event: TensorboardEvent): Uint8Array {
  const step = event.step === 0 ? [] : [key(2, VARINT), ...varint(event.step)];
  return Uint8Array.from([...fixedField(1, event.wallTime, FIXED64), ...step, ...payload(event)]);
}

interface Field {
  readonly field: number;
  /** The number of a varint or of a fixed field as its bytes say it. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Yields the fields of a message, those that are unknown too. Throws `data` where it ends within one. */
function* fieldsOf(message: Uint8Array, place: string): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const fail = (): never => {
    throw new CellwrightError("data", expected(place, "a whole TensorBoard event", `one that breaks at byte ${at}`));
  };
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? fail();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > message.length) fail();
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = readVarint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        yield { field, number: readVarint(), bytes: message.subarray(at, at) };
        break;
      case FIXED64: {
        const bytes = take(8);
        yield { field, number: view.getFloat64(at - 8, true), bytes };
        break;
      }
      case FIXED32: {
        const bytes = take(4);
        yield { field, number: view.getFloat32(at - 4, true), bytes };
        break;
      }
      case BYTES:
        yield { field, number: 0, bytes: take(readVarint()) };
        break;
      default:
        fail();
    }
  }
}

/** Returns the scalars of a summary; values of other kinds (images, histograms) are left out. */
function scalarsOf(summary: Uint8Array, place: string): ScalarValue[] {
  const values: ScalarValue[] = [];
  for (const { field, bytes } of fieldsOf(summary, place)) {
    if (field !== 1) continue;
    let tag = "";
    let value: number | undefined;
    for (const inner of fieldsOf(bytes, place)) {
      if (inner.field === 1) tag = new TextDecoder().decode(inner.bytes);
      if (inner.field === 2) value = inner.number;
    }
    if (value !== undefined) values.push({ tag, value });
  }
  return values;
}

/** Returns the event of a record. Throws `data` naming `place`. */
export function decodeEvent(record: Uint8Array, place: string): TensorboardEvent {
  let wallTime = 0;
  let step = 0;
  let rest:
    | { kind: "other" | "start" }
    | { kind: "version"; version: string }
    | { kind: "scalars"; values: ScalarValue[] } = { kind: "other" };
  for (const { field, number, bytes } of fieldsOf(record, place)) {
    if (field === 1) wallTime = number;
    else if (field === 2) step = number;
    else if (field === 3) rest = { kind: "version", version: new TextDecoder().decode(bytes) };
    else if (field === 5) rest = { kind: "scalars", values: scalarsOf(bytes, place) };
    else if (field === 7)
      for (const inner of fieldsOf(bytes, place))
        if (inner.field === 1 && inner.number === SESSION_START) rest = { kind: "start" };
  }
  return { wallTime, step, ...rest };
}
