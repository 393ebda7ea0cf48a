/** @file The file of a saved plan, byte by byte; test/integration/native has it read and run. */
import { expect, test } from "vitest";
import { encodeSavedPlan, type SavedPlan, type SavedRun } from "../../../src/engines/native/saved-plan.ts";

const run: SavedRun = {
  kind: "step",
  size: 2,
  images: Float32Array.of(0.5, -1, 2),
  labels: Int32Array.of(3, -4),
  masks: Float32Array.of(7),
  uploads: new Float32Array(0),
  update: Float64Array.of(0.1, 0.9, 1, 1e-3, 5),
  loss: 1.5,
  results: Float32Array.of(8, 9),
};
const plan: SavedPlan = {
  name: "größer",
  vectorWidth: 8,
  training: Float64Array.of(1, 2),
  evaluation: Float64Array.of(3),
  segments: Float64Array.of(0, 4, 1),
  cleared: new Float64Array(0),
  parameters: Float32Array.of(5, 6, 7),
  runs: [run],
};

test("every number is at its place, little-endian, and every array begins at a multiple of eight", () => {
  const bytes = encodeSavedPlan(plan);
  const view = new DataView(bytes.buffer);
  const words32 = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
  const counts = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => Number(view.getBigUint64(at + 8 * i, true)));
  const doubles = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getFloat64(at + 8 * i, true));
  const floats = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => view.getFloat32(at + 4 * i, true));
  expect(String.fromCodePoint(...bytes.subarray(0, 8))).toBe("CWPLAN\u001A\n");
  expect(words32(8, 4)).toEqual([1, 8, 1, 6]);
  expect(counts(24, 5)).toEqual([2, 1, 3, 0, 3]);
  expect(String.fromCodePoint(...bytes.subarray(64, 72))).toBe("gr??er\0\0");
  expect(doubles(72, 6)).toEqual([1, 2, 3, 0, 4, 1]);
  expect(floats(120, 4)).toEqual([5, 6, 7, 0]);
  // The run.
  expect(words32(136, 2)).toEqual([2, 2]);
  expect(counts(144, 5)).toEqual([3, 2, 1, 0, 2]);
  expect(doubles(184, 6)).toEqual([1.5, 0.1, 0.9, 1, 1e-3, 5]);
  expect(floats(232, 4)).toEqual([0.5, -1, 2, 0]);
  expect([view.getInt32(248, true), view.getInt32(252, true)]).toEqual([3, -4]);
  expect(floats(256, 4)).toEqual([7, 0, 8, 9]);
  expect(bytes.length).toBe(272);
});

test("what would not be read back is refused", () => {
  const runs = Array.from({ length: 1025 }, () => run);
  expect(() => encodeSavedPlan({ ...plan, runs })).toThrow(/at most 1024\. Received: 1025/u);
  expect(() => encodeSavedPlan({ ...plan, name: "x".repeat(4097) })).toThrow(/at most 4096 characters/u);
});
