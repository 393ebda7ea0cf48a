/** @file The .npz writer, by the formats' own words. NumPy reads what it writes in test/interop/pip/keras-export.test.ts. */
import { describe, expect, it } from "vitest";
import { encodeNpz } from "../../../src/export/npz.ts";

const tensors = new Map([
  ["a.kernel", { shape: [2, 1, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-30, 1e30) }],
  ["a.bias", { shape: [3], data: Float32Array.of(7, 8, 9) }],
  ["scalar", { shape: [], data: Float32Array.of(0.25) }],
]);

/** CRC-32 bit by bit, as ISO 3309 defines it. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (((crc ^ (byte >> bit)) & 1) === 1 ? 0xedb88320 : 0);
  return ~crc >>> 0;
}

describe("encodeNpz", () => {
  it("writes an archive whose directory says where each array is", () => {
    const bytes = encodeNpz(tensors);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - 22;
    expect(view.getUint32(end, true)).toBe(0x06054b50);
    expect(view.getUint16(end + 10, true)).toBe(3);
    let at = view.getUint32(end + 16, true);
    expect(at + view.getUint32(end + 12, true)).toBe(end);
    for (const [name, { shape, data }] of tensors) {
      expect(view.getUint32(at, true)).toBe(0x02014b50);
      expect(view.getUint16(at + 10, true)).toBe(0); // stored
      const [crc, size, whole] = [16, 20, 24].map((place) => view.getUint32(at + place, true));
      expect(size).toBe(whole);
      const nameLength = view.getUint16(at + 28, true);
      expect(new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))).toBe(`${name}.npy`);
      const local = view.getUint32(at + 42, true);
      expect(view.getUint32(local, true)).toBe(0x04034b50);
      // The facts stand in both places.
      expect(bytes.subarray(local + 4, local + 30)).toEqual(bytes.subarray(at + 6, at + 32));
      const start = local + 30 + nameLength;
      const content = bytes.subarray(start, start + (size ?? 0));
      expect(crcOf(content)).toBe(crc);

      expect([...content.subarray(0, 8)]).toEqual([0x93, ..."NUMPY".split("").map((c) => c.charCodeAt(0)), 1, 0]);
      const header = 10 + view.getUint16(start + 8, true);
      expect(header % 64).toBe(0);
      const sides = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
      const text = new TextDecoder().decode(content.subarray(10, header));
      expect(text).toMatch(/ *\n$/);
      expect(text.trimEnd()).toBe(`{'descr': '<f4', 'fortran_order': False, 'shape': ${sides}, }`);
      const values = data.map((_, i) => view.getFloat32(start + header + 4 * i, true));
      expect(values).toEqual(data);
      expect(header + 4 * data.length).toBe(content.length);
      at += 46 + nameLength;
    }
    expect(at).toBe(end);
  });

  it("gives equal bytes for equal input", () => {
    expect(encodeNpz(tensors)).toEqual(encodeNpz(new Map(tensors)));
  });

  it("refuses a shape that is not its data's", () => {
    const wrong = new Map([["a", { shape: [2], data: new Float32Array(3) }]]);
    expect(() => encodeNpz(wrong)).toThrow("Expected 2 values for the shape [2]. Received: 3");
  });
});
