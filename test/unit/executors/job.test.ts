/** @file How a job ends: by its outcome, by its worker's death, by a limit. */
import { describe, expect, test } from "vitest";
import type { Outcome, Task } from "../../../src/evaluators/evaluator.ts";
import { conclude, concludeDeath, findBrokenLimit, newJob, type Job } from "../../../src/executors/job.ts";

const TASK: Task = {
  trial: 5,
  attempt: 2,
  phase: "search",
  genotype: {},
  skeleton: {},
  recipe: {},
  seed: 1,
  limits: { memoryBytes: 2 ** 30, timeMs: 5000 },
};
const COMPLETE: Outcome = { state: "complete", values: [1], metrics: {} };
const PRUNED: Outcome = { state: "pruned", values: [1], metrics: {} };
const FAILED: Outcome = { state: "failed", reason: "no", metrics: {} };

function job(changes: Partial<Job> = {}, retries = 1): Job {
  const observer = { started() {}, report: () => "continue" as const, heartbeat() {} };
  return Object.assign(newJob(TASK, observer, retries), changes);
}

describe("conclude", () => {
  test.each([COMPLETE, PRUNED, FAILED])("an outcome that nobody cancelled stands: $state", (outcome) => {
    expect(conclude(job(), outcome)).toBe(outcome);
  });

  test.each(["soft", "hard"] as const)(
    "%s cancelled, only what is complete or was told to stop is a result",
    (cancelled) => {
      expect(conclude(job({ cancelled }), COMPLETE)).toBe(COMPLETE);
      expect(conclude(job({ cancelled }), PRUNED)).toBe("cancelled");
      expect(conclude(job({ cancelled, stopped: true }), PRUNED)).toBe(PRUNED);
      expect(conclude(job({ cancelled, stopped: true }), FAILED)).toBe("cancelled");
    },
  );
});

describe("concludeDeath", () => {
  test("the first death is another attempt from nothing, the second is the end", () => {
    const subject = job({ stopped: true, elapsedMs: 4000, quietMs: 3000, stallMs: 3500 });
    expect(concludeDeath(subject, "was killed by SIGSEGV")).toBe("again");
    expect(subject).toMatchObject({ attempt: 3, stopped: false, elapsedMs: 0, quietMs: 0, stallMs: undefined });
    expect(concludeDeath(subject, "exited with code 3")).toEqual({
      state: "failed",
      reason: "It killed 2 workers; the last one exited with code 3",
      metrics: {},
    });
  });

  test("a broken limit is not tried again", () => {
    const outcome = concludeDeath(job({ brokenLimit: "It went over." }, 9), "broke a limit");
    expect(outcome).toEqual({ state: "failed", reason: "It went over.", metrics: {} });
  });

  test.each(["soft", "hard"] as const)("%s cancelled, a death is the end that was asked for", (cancelled) => {
    expect(concludeDeath(job({ cancelled }), "was killed by SIGKILL")).toBe("cancelled");
  });
});

describe("findBrokenLimit", () => {
  test("at the limit is within it, above is not", () => {
    expect(findBrokenLimit(job({ elapsedMs: 5000 }), 2 ** 30)).toBeUndefined();
    expect(findBrokenLimit(job(), 2 ** 30 + 1)).toBe(
      "It went over its memory limit of 1.0 GiB: its worker held 1.0 GiB.",
    );
    expect(findBrokenLimit(job({ elapsedMs: 5001 }), 0)).toBe("It went over its time limit of 5 s.");
  });

  test("without limits, or where memory can't be seen, nothing breaks", () => {
    expect(findBrokenLimit(job({ task: { ...TASK, limits: {} }, elapsedMs: 1e9 }), 2 ** 40)).toBeUndefined();
    expect(findBrokenLimit(job(), undefined)).toBeUndefined();
  });
});
