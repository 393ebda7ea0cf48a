/** @file The front of a study: which trials are on it, and how it grew. */
import { describe, expect, it } from "vitest";
import { maximize, minimize } from "../../../src/index.ts";
import { studyFront } from "../../../src/study/front.ts";
import { trial } from "../cli/fixtures.ts";

const objectives = [maximize("accuracy"), minimize("latencyMs")];
const values = [
  [0.5, 100],
  [0.7, 60],
  [0.6, 80], // beaten by the one before
  [0.9, 90],
  [0.7, 20],
];

describe("studyFront", () => {
  it("has the trials that nothing betters, and grows towards them", () => {
    const trials = values.map((point, number) => trial(number, { values: point }));
    const found = studyFront(trials, objectives)!;
    expect(found.front.map(({ number }) => number)).toEqual([3, 4]);
    expect(found.box).toEqual({ worst: [0.5, 100], best: [0.9, 20] });
    // Shares of 0.4 by 80: of the last, half by all; of the fourth, the other half by an eighth.
    expect(found.hypervolume).toBeCloseTo(0.5 + 0.5 / 8, 12);
    expect(found.overTime.map(({ trials: count, size }) => [count, size])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
    ]);
    expect(found.overTime.map(({ hypervolume }) => hypervolume)).toEqual(
      [0, 0.25, 0.25, 0.3125, 0.5625].map((share) => expect.closeTo(share, 12)),
    );
  });

  it("goes by the order of finishing, and leaves out duplicates and what did not complete", () => {
    const trials = [
      trial(0, { values: [0.9, 10], finishedMs: 9000 }),
      trial(1, { values: [0.5, 50] }),
      trial(2, { values: [0.9, 10], duplicateOf: 0 }),
      trial(3, { state: "pruned", values: [0.99, 1] }),
    ];
    const found = studyFront(trials, objectives)!;
    expect(found.front.map(({ number }) => number)).toEqual([0]);
    expect(found.overTime).toEqual([
      { trials: 1, size: 1, hypervolume: 0 },
      { trials: 2, size: 1, hypervolume: 1 },
    ]);
  });

  it("is none of a single objective, nor of nothing", () => {
    expect(studyFront([trial(0)], [maximize("accuracy")])).toBeUndefined();
    expect(studyFront([], objectives)).toBeUndefined();
  });
});
