/** @file The order of trials, before and after retraining. */
import { describe, expect, it } from "vitest";
import type { RetrainRecord, TrialRecord } from "../../../src/storage/storage.ts";
import { rankAll, rankTrials } from "../../../src/study/ranking.ts";

const base = {
  proposal: { genotype: {} },
  metrics: {},
  canonicalId: "",
  resultKey: "",
  seed: 0,
  attempts: 1,
  startedMs: 0,
};
const trials: TrialRecord[] = [
  { ...base, number: 0, state: "complete", values: [0.5] },
  { ...base, number: 1, state: "complete", values: [0.7] },
  { ...base, number: 2, state: "complete", values: [0.7], duplicateOf: 1 },
  { ...base, number: 3, state: "failed", reason: "x" },
  { ...base, number: 4, state: "pruned", values: [0.9] },
  { ...base, number: 5, state: "complete", values: [0.6] },
  { ...base, number: 6, state: "complete", values: [0.7] },
];
const maximize = [{ name: "accuracy", direction: "maximize" }] as const;

describe("ranking", () => {
  it("takes complete, distinct trials, best first, ties by number", () => {
    expect(rankTrials(trials, maximize).map((trial) => trial.number)).toEqual([1, 6, 5, 0]);
    expect(rankTrials(trials, [{ name: "loss", direction: "minimize" }]).map((trial) => trial.number)).toEqual([
      0, 5, 1, 6,
    ]);
  });

  it("puts retrained trials first, by the mean over their seeds, and leaves out what did not complete", () => {
    const retrain = (
      trial: number,
      value: number,
      state: RetrainRecord["state"] = "complete",
      seed = 0,
    ): RetrainRecord => ({
      trial,
      epochs: 10,
      seed,
      state,
      values: [value],
      metrics: {},
    });
    const ranked = rankAll(
      trials,
      [retrain(1, 0.8), retrain(1, 0.82, "complete", 1), retrain(5, 0.83), retrain(6, 0.99, "failed")],
      maximize,
    );
    expect(ranked.map((entry) => [entry.rank, entry.trial.number])).toEqual([
      [1, 5],
      [2, 1],
      [3, 6],
      [4, 0],
    ]);
    expect(ranked[1]?.retrainedMean).toBeCloseTo(0.81, 12);
    expect(ranked[2]?.retrained).toEqual([]);
  });

  it("goes by the longest retraining of a trial, not by a mean with shorter ones", () => {
    const retrain = (trial: number, epochs: number, seed: number, value: number): RetrainRecord => ({
      trial,
      epochs,
      seed,
      state: "complete",
      values: [value],
      metrics: {},
    });
    const ranked = rankAll(
      trials,
      [retrain(1, 5, 0, 0.6), retrain(1, 50, 0, 0.9), retrain(1, 50, 1, 0.92), retrain(5, 50, 0, 0.8)],
      maximize,
    );
    expect(ranked.slice(0, 2).map(({ trial, retrained }) => [trial.number, retrained])).toEqual([
      [1, [0.9, 0.92]],
      [5, [0.8]],
    ]);
  });
});
