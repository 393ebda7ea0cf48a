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
  targets: Float32Array.of(0.25, 0.75),
  examples: 6,
  update: Float64Array.of(1, 0.1, 1e-3, 5, 0.9, 0, 0.99, 1e-8, 1, 1, 0.5),
  adds: true,
  moves: false,
  averaged: true,
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
  second: Float32Array.of(1, 1, 0),
  average: new Float32Array(0),
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
  expect(words32(8, 4)).toEqual([2, 8, 1, 6]);
  expect(counts(24, 7)).toEqual([2, 1, 3, 0, 3, 3, 0]);
  expect(String.fromCodePoint(...bytes.subarray(80, 88))).toBe("gr??er\0\0");
  expect(doubles(88, 6)).toEqual([1, 2, 3, 0, 4, 1]);
  expect(floats(136, 8)).toEqual([5, 6, 7, 0, 1, 1, 0, 0]);
  // The run.
  expect(words32(168, 4)).toEqual([2, 2, 5, 0]);
  expect(counts(184, 6)).toEqual([3, 2, 2, 1, 0, 2]);
  expect(doubles(232, 13)).toEqual([1.5, 6, 1, 0.1, 1e-3, 5, 0.9, 0, 0.99, 1e-8, 1, 1, 0.5]);
  expect(floats(336, 4)).toEqual([0.5, -1, 2, 0]);
  expect([view.getInt32(352, true), view.getInt32(356, true)]).toEqual([3, -4]);
  expect(floats(360, 6)).toEqual([0.25, 0.75, 7, 0, 8, 9]);
  expect(bytes.length).toBe(384);
});

test("what would not be read back is refused", () => {
  const runs = Array.from({ length: 1025 }, () => run);
  expect(() => encodeSavedPlan({ ...plan, runs })).toThrow(/at most 1024\. Received: 1025/u);
  expect(() => encodeSavedPlan({ ...plan, name: "x".repeat(4097) })).toThrow(/at most 4096 characters/u);
});
