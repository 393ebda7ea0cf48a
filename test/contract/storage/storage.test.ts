/** @file What every storage must do, whoever made it: one method is one transaction, events keep their order, records come back as they went. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/evaluators/evaluator.ts";
import { openStorage, type NewStudy, type Storage } from "../../../src/storage/index.ts";

const STUDY: NewStudy = {
  name: "cells",
  config: { z: 1, a: [1, "two", null] },
  version: "0.1.0",
  createdMs: 1_700_000_000_123,
};

function trial(
  number: number,
  extra: Partial<Parameters<Storage["startTrial"]>[0]> = {},
): Parameters<Storage["startTrial"]>[0] {
  return {
    number,
    proposal: { genotype: { "normal/2/left": 1, "normal/1/left": 0.30000000000000004 } },
    canonicalId: `net-${number}`,
    resultKey: "key",
    seed: 4_294_967_295,
    attempts: 1,
    startedMs: 1_700_000_000_500.25,
    ...extra,
  };
}

const complete = (values: readonly number[]): Outcome => ({
  state: "complete",
  values,
  metrics: { accuracy: values[0] ?? 0 },
});

/** How each implementation is made and opened again. */
const IMPLEMENTATIONS = [
  {
    name: "sqlite",
    create: async (dir: string) => openStorage(join(dir, "study.db"), { create: STUDY }),
    reopen: async (dir: string) => openStorage(join(dir, "study.db")),
  },
];

describe.each(IMPLEMENTATIONS)("storage: $name", ({ create, reopen }) => {
  let dir: string;
  let storage: Storage;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "cellwright-storage-"));
    storage = await create(dir);
  });
  afterEach(async () => {
    await storage.close();
    await rm(dir, { recursive: true });
  });

  const again = async (): Promise<Storage> => {
    await storage.close();
    storage = await reopen(dir);
    return storage;
  };

  test("a study comes back as it was made, with its keys in their order", async () => {
    const { study } = await again();
    expect(study).toEqual({ ...STUDY, elapsedMs: 0 });
    expect(JSON.stringify(study.config)).toBe(JSON.stringify(STUDY.config));
  });

  test("elapsed time adds up over openings, and a config can be replaced", async () => {
    await storage.addElapsed(1000);
    await storage.addElapsed(0.5);
    await storage.updateConfig({ changed: true });
    expect(storage.study).toMatchObject({ elapsedMs: 1000.5, config: { changed: true } });
    await (await again()).addElapsed(10);
    expect(storage.study).toMatchObject({ elapsedMs: 1010.5, config: { changed: true }, name: "cells" });
  });

  test("a running trial comes back with what it was asked", async () => {
    await storage.startTrial(trial(0, { metrics: { params: 72_370 } }));
    await storage.startTrial(trial(1, { proposal: { genotype: { a: 3 }, epochs: 9, continueFrom: 0 } }));
    const [first, second] = await (await again()).trials();
    expect(first).toEqual({ ...trial(0), state: "running", metrics: { params: 72_370 } });
    expect(Object.keys(first?.proposal.genotype ?? {})).toEqual(["normal/2/left", "normal/1/left"]);
    expect(second?.proposal).toEqual({ genotype: { a: 3 }, epochs: 9, continueFrom: 0 });
    expect(await storage.trial(1)).toEqual(second);
    expect(await storage.trial(2)).toBeUndefined();
  });

  test("outcomes of every kind come back, metrics laid over what was known at the start", async () => {
    const outcomes: readonly Outcome[] = [
      {
        state: "complete",
        values: [0.1 + 0.2, -1e-300],
        metrics: { accuracy: 0.3, engine: "native", diverged: false },
      },
      { state: "pruned", values: [0.25], metrics: { loss: Number.NaN, worst: -Infinity } },
      { state: "pruned", metrics: {} },
      { state: "failed", reason: "loss was not finite at step 3", metrics: { params: 8 } },
    ];
    for (const [number, outcome] of outcomes.entries()) {
      await storage.startTrial(trial(number, { metrics: { params: 7, macs: 5 } }));
      await storage.finishTrial(number, outcome, { finishedMs: 9000 + number });
    }
    const stored = await (await again()).trials();
    for (const [number, outcome] of outcomes.entries()) {
      const { metrics, ...rest } = outcome;
      expect(stored[number]).toEqual({
        ...trial(number),
        ...rest,
        metrics: { params: 7, macs: 5, ...metrics },
        finishedMs: 9000 + number,
      });
    }
  });

  test("events come back in the order of telling", async () => {
    await storage.startTrial(trial(0));
    await storage.startTrial(trial(1));
    await storage.finishTrial(1, complete([0.5]), { finishedMs: 1 });
    await storage.startTrial(trial(2));
    await storage.finishTrial(0, { state: "failed", reason: "no", metrics: {} }, { finishedMs: 2 });
    await storage.finishTrial(2, { state: "pruned", metrics: {} }, { finishedMs: 3 });
    const { proposal } = trial(0);
    expect(await (await again()).events()).toEqual([
      { kind: "started", number: 0, proposal },
      { kind: "started", number: 1, proposal },
      { kind: "finished", trial: { number: 1, proposal, state: "complete", values: [0.5] } },
      { kind: "started", number: 2, proposal },
      { kind: "finished", trial: { number: 0, proposal, state: "failed", reason: "no" } },
      { kind: "finished", trial: { number: 2, proposal, state: "pruned" } },
    ]);
  });

  test("a trial starts once and ends once; what is refused leaves nothing behind", async () => {
    await storage.startTrial(trial(0));
    await expect(storage.startTrial(trial(0))).rejects.toMatchObject({ code: "storage" });
    await expect(storage.finishTrial(1, complete([1]), { finishedMs: 1 })).rejects.toThrow(
      "trial 1  Expected a running trial",
    );
    await storage.finishTrial(0, complete([1]), { finishedMs: 1 });
    await expect(storage.finishTrial(0, complete([2]), { finishedMs: 2 })).rejects.toThrow(
      "trial 0  Expected a running trial",
    );
    await expect(storage.setAttempts(0, 2)).rejects.toThrow("trial 0  Expected a running trial");
    expect((await storage.trial(0))?.values).toEqual([1]);
    expect(await storage.events()).toHaveLength(2);
  });

  test("steps: written again they are replaced, another attempt has its own, and each comes back in order", async () => {
    await storage.startTrial(trial(0));
    await storage.startTrial(trial(1));
    const step = (at: number, attempt: number, step: number, value: number) => ({
      trial: at,
      attempt,
      step,
      values: [value],
      metrics: { loss: value },
    });
    for (const record of [
      step(1, 0, 1, 5),
      step(0, 0, 2, 2),
      step(0, 0, 1, 1),
      step(0, 1, 1, Number.NaN),
      step(0, 0, 2, 3),
    ])
      await storage.addStep(record);
    expect(await (await again()).steps()).toEqual([
      step(0, 0, 1, 1),
      step(0, 0, 2, 3),
      step(0, 1, 1, Number.NaN),
      step(1, 0, 1, 5),
    ]);
    expect(await storage.steps(1)).toEqual([step(1, 0, 1, 5)]);
    await expect(storage.addStep(step(7, 0, 1, 1))).rejects.toMatchObject({ code: "storage" });
  });

  test("attempts of a running trial are counted", async () => {
    await storage.startTrial(trial(0));
    await storage.setAttempts(0, 2);
    expect((await (await again()).trial(0))?.attempts).toBe(2);
  });

  test("a result is found again only by a complete trial that trained itself, under both keys", async () => {
    const same = { canonicalId: "same" };
    for (const number of [0, 1, 2, 3, 4])
      await storage.startTrial(trial(number, number === 4 ? { ...same, resultKey: "other" } : same));
    expect(await storage.findResult("same", "key")).toBeUndefined();
    await storage.finishTrial(0, { state: "failed", reason: "no", metrics: {} }, { finishedMs: 1 });
    await storage.finishTrial(1, { state: "pruned", values: [0.1], metrics: {} }, { finishedMs: 1 });
    expect(await storage.findResult("same", "key")).toBeUndefined();
    await storage.finishTrial(3, complete([0.9]), { finishedMs: 2 });
    await storage.finishTrial(2, complete([0.9]), { finishedMs: 3, duplicateOf: 3 });
    expect(await storage.findResult("same", "key")).toMatchObject({ number: 3, values: [0.9] });
    expect((await storage.trial(2))?.duplicateOf).toBe(3);
    expect(await storage.findResult("same", "other")).toBeUndefined();
    expect(await storage.findResult("another", "key")).toBeUndefined();
  });

  test("a duplicate may be known at its start, but only of a trial that is there", async () => {
    await storage.startTrial(trial(0));
    await storage.startTrial(trial(1, { duplicateOf: 0 }));
    expect((await storage.trial(1))?.duplicateOf).toBe(0);
    await expect(storage.startTrial(trial(2, { duplicateOf: 9 }))).rejects.toMatchObject({ code: "storage" });
    expect(await storage.trials()).toHaveLength(2);
    expect(await storage.events()).toHaveLength(2);
  });

  test("retrains are put and replaced by trial, epochs and seed", async () => {
    await storage.startTrial(trial(0));
    await storage.putRetrain({ trial: 0, epochs: 50, seed: 1, state: "running", metrics: {} });
    await storage.putRetrain({ trial: 0, epochs: 50, seed: 2, state: "failed", reason: "out of memory", metrics: {} });
    await storage.putRetrain({
      trial: 0,
      epochs: 50,
      seed: 1,
      state: "complete",
      values: [0.83],
      metrics: { accuracy: 0.83 },
    });
    expect(await (await again()).retrains()).toEqual([
      { trial: 0, epochs: 50, seed: 1, state: "complete", values: [0.83], metrics: { accuracy: 0.83 } },
      { trial: 0, epochs: 50, seed: 2, state: "failed", reason: "out of memory", metrics: {} },
    ]);
  });

  test("trainings of baselines are put and replaced by name, phase, epochs and seed", async () => {
    const record = { name: "resnet-18-cifar, width 11", phase: "retrain", epochs: 50, seed: 1 } as const;
    await storage.putBaseline({ ...record, state: "failed", reason: "out of memory", metrics: {} });
    await storage.putBaseline({ ...record, seed: 2, state: "complete", values: [Number.NaN], metrics: { macs: 7 } });
    await storage.putBaseline({ ...record, state: "complete", values: [0.83], metrics: { accuracy: 0.83 } });
    await storage.putBaseline({ ...record, phase: "search", state: "complete", values: [0.5], metrics: {} });
    expect(await (await again()).baselines()).toEqual([
      { ...record, state: "complete", values: [0.83], metrics: { accuracy: 0.83 } },
      { ...record, seed: 2, state: "complete", values: [Number.NaN], metrics: { macs: 7 } },
      { ...record, phase: "search", state: "complete", values: [0.5], metrics: {} },
    ]);
  });

  test("methods called at once are done one after the other", async () => {
    await Promise.all([0, 1, 2, 3].map(async (number) => storage.startTrial(trial(number))));
    await Promise.all(
      [3, 1, 0, 2].map(async (number) => storage.finishTrial(number, complete([number]), { finishedMs: 1 })),
    );
    const events = await storage.events();
    expect(events.map((event) => (event.kind === "started" ? event.number : event.trial.number))).toEqual([
      0, 1, 2, 3, 3, 1, 0, 2,
    ]);
  });

  test("closed, it says so; closing twice is nothing", async () => {
    await storage.close();
    await storage.close();
    await expect(storage.trials()).rejects.toThrow("closed");
    await expect(storage.addElapsed(1)).rejects.toThrow("closed");
  });
});
