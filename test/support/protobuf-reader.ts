/** @file Reads the wire format of Protocol Buffers back, field by field, so that what our writer wrote is checked without a schema or its own code. */

/** Values of a message by field number, in their order: a varint as a signed 64-bit number, fixed 32 bits as a float, all else as bytes. */
export type Fields = ReadonlyMap<number, readonly (bigint | number | Uint8Array)[]>;

/** Returns the fields of a message. Throws for bytes that end too early or a wire type that ONNX's messages don't have. */
export function readFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, (bigint | number | Uint8Array)[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the message ends within a varint");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  };
  const one = (wireType: number): bigint | number | Uint8Array => {
    if (wireType === 0) return varint();
    const size = wireType === 5 ? 4 : wireType === 2 ? Number(varint()) : Number.NaN;
    if (!(at + size <= bytes.length)) throw new Error(`wire type ${wireType} of ${size} bytes at ${at}`);
    const start = at;
    at += size;
    return wireType === 5 ? view.getFloat32(start, true) : bytes.subarray(start, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    const known = fields.get(number);
    if (known === undefined) fields.set(number, [one(tag % 8)]);
    else known.push(one(tag % 8));
  }
  return fields;
}

/** Returns the messages of a field. */
export function messagesOf(fields: Fields, number: number): readonly Fields[] {
  return (fields.get(number) ?? []).map((bytes) => readFields(bytes as Uint8Array));
}

/** Returns the texts of a field. */
export function textsOf(fields: Fields, number: number): readonly string[] {
  return (fields.get(number) ?? []).map((bytes) => new TextDecoder().decode(bytes as Uint8Array));
}

/** Returns the whole numbers of a field. */
export function numbersOf(fields: Fields, number: number): readonly number[] {
  return (fields.get(number) ?? []).map(Number);
}
