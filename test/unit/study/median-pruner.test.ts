/** @file Median pruning follows from stored steps alone. */
import { describe, expect, it } from "vitest";
import type { StepRecord, TrialRecord } from "../../../src/storage/storage.ts";
import { medianPruner } from "../../../src/study/median-pruner.ts";

function trial(number: number, extra: Partial<TrialRecord> = {}): TrialRecord {
  return {
    number,
    proposal: { genotype: {} },
    state: "complete",
    metrics: {},
    canonicalId: "",
    resultKey: "",
    seed: 0,
    attempts: 1,
    startedMs: 0,
    ...extra,
  };
}

function steps(number: number, values: readonly number[], attempt = 0): StepRecord[] {
  return values.map((value, index) => ({ trial: number, attempt, step: index + 1, values: [value], metrics: {} }));
}

const maximize = [{ name: "accuracy", direction: "maximize" }] as const;

describe("median pruner", () => {
  it("stops a trial below the median of the finished ones at the same step, after start-up and warm-up", () => {
    const pruner = medianPruner({ kind: "median", startupTrials: 3, warmupSteps: 1 }, maximize);
    pruner.add(trial(0), steps(0, [0.3, 0.5]));
    pruner.add(trial(1), steps(1, [0.3, 0.6]));
    expect(pruner.judge(2, [0.1])).toBe("continue");
    pruner.add(trial(2), steps(2, [0.3, 0.7]));
    expect(pruner.judge(1, [0.1])).toBe("continue");
    expect(pruner.judge(2, [0.59])).toBe("stop");
    expect(pruner.judge(2, [0.6])).toBe("continue");
    expect(pruner.judge(3, [0])).toBe("continue");
  });

  it("turns round for an objective that is minimised", () => {
    const pruner = medianPruner({ kind: "median", startupTrials: 1, warmupSteps: 0 }, [
      { name: "loss", direction: "minimize" },
    ]);
    pruner.add(trial(0), steps(0, [1]));
    expect(pruner.judge(1, [1.1])).toBe("stop");
    expect(pruner.judge(1, [0.9])).toBe("continue");
  });

  it("leaves out failed trials, duplicates, and the steps of dead attempts", () => {
    const pruner = medianPruner({ kind: "median", startupTrials: 1, warmupSteps: 0 }, maximize);
    pruner.add(trial(0, { state: "failed" }), steps(0, [0.9]));
    pruner.add(trial(1, { duplicateOf: 0 }), steps(1, [0.9]));
    expect(pruner.judge(1, [0])).toBe("continue");
    pruner.add(trial(2), [...steps(2, [0.9], 0), ...steps(2, [0.2], 1)]);
    expect(pruner.judge(1, [0.3])).toBe("continue");
    expect(pruner.judge(1, [0.1])).toBe("stop");
  });
});
