/** @file The safetensors writer and reader: round trips, the published layout, and every way a file can be wrong. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CellwrightError } from "../../../src/base/errors.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../../../src/export/safetensors.ts";

/** A file made by hand, as the format's page describes it. */
function fileOf(header: unknown, data = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

const tensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) =>
  fc
    .array(fc.float({ noNaN: true }), {
      minLength: shape.reduce((a, b) => a * b, 1),
      maxLength: shape.reduce((a, b) => a * b, 1),
    })
    .map((values): SafetensorsTensor => ({ shape, data: Float32Array.from(values) })),
);

describe("safetensors", () => {
  it("returns what was written, bit for bit", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== "__metadata__"),
          tensor,
          { noNullPrototype: true },
        ),
        fc.dictionary(
          fc.string().filter((key) => key !== "__proto__"),
          fc.string(),
          { noNullPrototype: true },
        ),
        (tensors, metadata) => {
          const map = new Map(Object.entries(tensors).filter(([name]) => name !== "__proto__"));
          const file = decodeSafetensors(encodeSafetensors(map, metadata));
          expect(new Map(file.tensors)).toEqual(map);
          expect(file.metadata).toEqual(metadata);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("lays a file out as the format says", () => {
    const bytes = encodeSafetensors(new Map([["a/kernel", { shape: [2], data: new Float32Array([1, -2]) }]]), {
      format: "pt",
    });
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)))).toEqual({
      __metadata__: { format: "pt" },
      "a/kernel": { dtype: "F32", shape: [2], data_offsets: [0, 8] },
    });
    expect([...bytes.subarray(8 + headerBytes)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it("reads from a view at an odd place", () => {
    const bytes = encodeSafetensors(new Map([["w", { shape: [1, 2], data: new Float32Array([3, 4]) }]]));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect([...(decodeSafetensors(shifted.subarray(3)).tensors.get("w")?.data ?? [])]).toEqual([3, 4]);
  });

  const eight = new Uint8Array(8);
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const faults: [string, Uint8Array, string][] = [
    ["no header length", new Uint8Array(7), "at least 8 bytes of header length"],
    ["a header longer than the file", fileOf({}).fill(9, 0, 1), "a header within the file's 10 bytes"],
    ["a header that is no JSON", fileOf("{"), "a JSON header"],
    ["a header that is no object", fileOf("[]"), "a JSON object as header"],
    ["a header that is no UTF-8", new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff]), "a JSON header"],
    ["an entry that is no object", fileOf({ w: 3 }), "an object for tensor w"],
    ["half precision", fileOf({ w: { ...entry, dtype: "F16" } }, eight), "element type F32 for tensor w"],
    ["a shape that is none", fileOf({ w: { ...entry, shape: [1.5] } }, eight), "a shape of whole numbers for tensor w"],
    [
      "offsets that fall",
      fileOf({ w: { ...entry, data_offsets: [8, 0] } }, eight),
      "two rising data_offsets for tensor w",
    ],
    [
      "a length other than the shape's",
      fileOf({ w: { ...entry, shape: [3] } }, eight),
      "12 bytes for tensor w of shape [3]",
    ],
    ["a truncated file", fileOf({ w: entry }, new Uint8Array(5)), "bytes or more (tensor w)"],
    ["trailing bytes", fileOf({ w: entry }, new Uint8Array(9)), "as the header says"],
    ["a gap", fileOf({ w: { ...entry, data_offsets: [4, 12] } }, new Uint8Array(12)), "tensor w to begin at 0"],
    ["an overlap", fileOf({ w: entry, v: entry }, eight), "to begin at 8"],
    ["metadata that is no text", fileOf({ __metadata__: { a: 1 } }), "a text for __metadata__.a"],
  ];
  it.each(faults)("names the fault: %s", (_, bytes, message) => {
    let caught: unknown;
    try {
      decodeSafetensors(bytes, "best/weights.safetensors");
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CellwrightError);
    expect((caught as CellwrightError).code).toBe("data");
    expect((caught as CellwrightError).message).toContain(message);
    expect((caught as CellwrightError).message).toMatch(/^best\/weights\.safetensors {2}Expected .* Received: /);
  });

  it("refuses to write a shape that its data do not have", () => {
    expect(() => encodeSafetensors(new Map([["w", { shape: [2, 2], data: new Float32Array(3) }]]))).toThrow("4 values");
    expect(() => encodeSafetensors(new Map([["__metadata__", { shape: [0], data: new Float32Array(0) }]]))).toThrow(
      "tensor name",
    );
  });
});
