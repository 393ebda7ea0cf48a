/** @file Objectives beside what an evaluator measures: costs, a latency measured while nothing else runs, MnasNet's reward. */
import { describe, expect, it } from "vitest";
import { maximize, minimize, mnasnetReward } from "../../../src/index.ts";
import { measuredBy } from "../../../src/study/measured.ts";
import { complete } from "../../support/fake-executor.ts";
import { collect, fakeEvaluator, fakeStudies } from "../../support/fake-study.ts";

const studies = fakeStudies();

describe("measuredBy", () => {
  const costs = { params: 10, macs: 200, latencyMs: 4 };

  it("takes measures from the evaluator, which go before costs of the same name, and costs from the candidate", () => {
    const objectives = [minimize("macs"), maximize("accuracy"), minimize("latencyMs")];
    expect(measuredBy(fakeEvaluator(), objectives).values([0.5], costs)).toEqual([200, 0.5, 4]);
    expect(measuredBy(fakeEvaluator(["latencyMs", "accuracy"]), objectives).values([7, 0.5], costs)).toEqual([
      200, 0.5, 7,
    ]);
  });

  it("fails what lacks a cost, naming it", () => {
    const outcome = { state: "complete", values: [0.5], metrics: {} } as const;
    expect(measuredBy(fakeEvaluator(), [minimize("latencyMs")]).outcome(outcome, { macs: 1 })).toMatchObject({
      state: "failed",
      reason: "latencyMs was not a finite number: undefined",
    });
  });

  it("weighs a measure by a cost", () => {
    const [value] = measuredBy(fakeEvaluator(), [mnasnetReward({ latencyMs: 2 })]).values([0.5], costs);
    expect(value).toBeCloseTo(0.47632, 5);
  });
});

describe("a study of accuracy and latency", () => {
  const objectives = [maximize("accuracy"), minimize("latencyMs")];

  it("measures each candidate while no trial runs, and goes on with as many as there are workers", async () => {
    let running = 0;
    const beside: number[] = [];
    const { study, executor } = await studies.open(
      { objectives, budget: { trials: 7 } },
      {
        workers: 3,
        onTask: (task) => {
          running++;
          // Trials end one after the other, long after the last was begun.
          setTimeout(
            () => {
              running--;
              task.end(complete(0.1 * task.task.trial));
            },
            5 * (1 + (task.task.trial % 3)),
          );
        },
        measureLatency: async () => {
          beside.push(running);
          return 10 - beside.length;
        },
      },
    );
    await collect(study.run());
    expect(beside).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(executor.maxRunning()).toBe(3);
    const trials = await study.storage.trials();
    expect(trials.map(({ values }) => values?.[1])).toEqual([9, 8, 7, 6, 5, 4, 3]);
    expect(trials.map(({ metrics }) => metrics.latencyMs)).toEqual([9, 8, 7, 6, 5, 4, 3]);
    expect(trials[2]?.values?.[0]).toBeCloseTo(0.2, 12);
  });

  it("waits for workers that are being started, which keep the machine busy", async () => {
    let looks = 0;
    let looksBefore = 0;
    const { study, executor } = await studies.open(
      { objectives, budget: { trials: 1 } },
      {
        measureLatency: async () => {
          looksBefore = looks;
          return 1;
        },
      },
    );
    Object.defineProperty(executor, "starting", { get: () => (++looks < 3 ? 1 : 0) });
    await collect(study.run());
    expect(looksBefore).toBe(3);
    expect((await study.storage.trials())[0]?.values).toEqual([0.5, 1]);
  });

  it("gives twins in one round one measurement and one result", async () => {
    const { study, executor } = await studies.open(
      {
        objectives,
        budget: { trials: 3 },
        controller: {
          name: "twins",
          options: {},
          create: () => ({ ask: (number) => ({ genotype: { a: 2, b: 2, twin: number } }), tell: () => {} }),
        },
      },
      { workers: 3, measureLatency: async () => 2 },
    );
    await collect(study.run());
    expect(executor.tasks).toHaveLength(1);
    expect((await study.storage.trials()).map(({ values }) => values)).toEqual([
      [0.5, 2],
      [0.5, 2],
      [0.5, 2],
    ]);
  });

  it("refuses what can't be measured", async () => {
    const { study } = await studies.open(
      { objectives, budget: { trials: 1 } },
      { measureLatency: () => Promise.reject(new Error("no engine")) },
    );
    await collect(study.run());
    expect((await study.storage.trials())[0]?.reason).toBe("objective latencyMs: it can't be measured: no engine");
  });

  it("needs no measuring where the evaluator does it", async () => {
    const evaluator = fakeEvaluator(["accuracy", "latencyMs"]);
    const { study } = await studies.open(
      { objectives, evaluator, budget: { trials: 1 } },
      {
        onTask: (task) => task.end({ state: "complete", values: [0.5, 33], metrics: {} }),
        measureLatency: () => Promise.reject(new Error("not called")),
      },
    );
    await collect(study.run());
    expect((await study.storage.trials())[0]?.values).toEqual([0.5, 33]);
  });

  it("takes a reward by its measure when it is told by hand, and resumes with it", async () => {
    const definition = { objectives: [mnasnetReward({ latencyMs: 80 })] };
    const { study } = await studies.open(definition, { measureLatency: async () => 160 });
    const trial = await study.ask();
    if (typeof trial === "string") throw new Error(trial);
    await expect(study.tell(trial.number, { acuracy: 0.5 })).rejects.toThrow("accuracy  Expected a finite number.");
    const told = await study.tell(trial.number, { accuracy: 0.5 });
    expect(told.values?.[0]).toBeCloseTo(0.47632, 5);
    await study.close();
    const again = await studies.open(definition, { mode: "resume", measureLatency: async () => 160 });
    expect((await again.study.top())[0]?.trial.values?.[0]).toBeCloseTo(0.47632, 5);
    await again.study.close();
    const other = { objectives: [mnasnetReward({ latencyMs: 20 })] };
    await expect(studies.open(other, { mode: "resume" })).rejects.toThrow(/objectives {2}Expected those with which/);
  });

  it("names an objective that is neither a measure nor a cost", async () => {
    await expect(studies.open({ objectives: [minimize("latency")] })).rejects.toThrow(
      'objectives[0].name  Expected one of the evaluator\'s measures (accuracy) or a cost (latencyMs, macs, params). Received: "latency".',
    );
    await expect(studies.open({ objectives: [mnasnetReward({ macs: 5, measure: "top1" })] })).rejects.toThrow(
      'objectives[0].reward.measure  Expected one of the evaluator\'s measures (accuracy). Received: "top1".',
    );
  });
});
