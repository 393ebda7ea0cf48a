/** @file While the last trials run, a worker with nothing more to search retrains what is sure to be among the best. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { StudyEvent } from "../../../src/study/events.ts";
import type { Study } from "../../../src/study/study.ts";
import { complete, type FakeTask } from "../../support/fake-executor.ts";
import { collect, fakeEvaluator, fakeStudies } from "../../support/fake-study.ts";

const studies = fakeStudies();

/** Values of the trials of a search of four; the last one runs until `release`d. */
interface Plan {
  readonly values: readonly number[];
  readonly top: number;
  readonly workers?: number;
  readonly onRetrain?: (task: FakeTask) => void;
}

async function open({ values, top, workers = 2, onRetrain = (task) => task.end(complete(0.9)) }: Plan) {
  let held: FakeTask | undefined;
  const { study, executor } = await studies.open(
    { budget: { trials: values.length }, retrain: { top, epochs: 7, evaluator: fakeEvaluator() } },
    {
      workers,
      onTask(task) {
        if (task.task.phase === "retrain") onRetrain(task);
        else if (task.task.trial === values.length - 1) held = task;
        else task.end(complete(values[task.task.trial] as number));
      },
    },
  );
  const isRetraining = ({ phase }: { readonly phase: string }): boolean => phase === "retrain";
  return {
    study,
    retrained: () => executor.tasks.filter(isRetraining).map(({ trial }) => trial),
    /** Waits until only the last trial of the search runs and nothing else can begin. */
    lastTrial: async (): Promise<void> => {
      for (;;) {
        const running = (await study.storage.trials()).filter(({ state }) => state === "running").length;
        if (held !== undefined && running === 1) break;
        await sleep(5);
      }
      await sleep(50);
    },
    release: (value: number) => held?.end(complete(value)),
  };
}

const kinds = (events: readonly StudyEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === "retrain-started" || event.kind === "retrain-step" || event.kind === "retrain-finished"
      ? [`${event.kind} ${event.trial}`]
      : [],
  );
const states = async (study: Study) =>
  (await study.storage.retrains()).map(({ trial, epochs, state }) => [trial, epochs, state]);

it("begins with those that the running trials can't displace, and only those", async () => {
  const { study, retrained, lastTrial, release } = await open({ values: [0.3, 0.5, 0.4, 0], top: 2 });
  const searched = collect(study.run({ thenRetrain: true }));
  await lastTrial();
  // Trial 2 is second now, and will not be if trial 3 is better.
  expect(retrained()).toEqual([1]);
  release(0.45);
  const events = await searched;
  expect(events.at(-1)).toMatchObject({ kind: "study-finished", reason: "trials", kept: 0 });
  expect(events.find(({ kind }) => kind === "retrain-started")).toMatchObject({
    trial: 1,
    index: 1,
    of: 2,
    early: true,
  });
  expect(kinds(events)).toEqual(["retrain-started 1", "retrain-finished 1"]);
  expect(kinds(await collect(study.retrain()))).toEqual(["retrain-started 3", "retrain-finished 3"]);
  expect(retrained()).toEqual([1, 3]);
  expect(await states(study)).toEqual([
    [1, 7, "complete"],
    [3, 7, "complete"],
  ]);
});

it("hands what still runs over to the retraining that follows, which hears of it from its start", async () => {
  let early: FakeTask | undefined;
  const { study, retrained, lastTrial, release } = await open({
    values: [0.3, 0.5, 0.4, 0],
    top: 2,
    onRetrain(task) {
      if (task.task.trial !== 1) return task.end(complete(0.8));
      early = task;
      task.observer.report({ trial: 1, attempt: 0, step: 1, values: [0.6], metrics: {} });
    },
  });
  const searched = collect(study.run({ thenRetrain: true }));
  await lastTrial();
  release(0.1);
  expect(kinds(await searched)).toEqual(["retrain-started 1", "retrain-step 1"]);
  const retraining = collect(study.retrain());
  await sleep(50);
  early?.end(complete(0.95));
  const events = await retraining;
  expect(kinds(events).slice(0, 3)).toEqual(["retrain-started 1", "retrain-step 1", "retrain-started 2"]);
  expect(events.flatMap((event) => (event.kind === "retrain-started" ? [[event.index, event.of]] : []))).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(retrained()).toEqual([1, 2]);
  expect((await study.top()).map(({ trial, retrainedMean }) => [trial.number, retrainedMean])).toEqual([
    [1, 0.95],
    [2, 0.8],
    [0, undefined],
    [3, undefined],
  ]);
});

it.each([
  { what: "without being told that a retraining follows", top: 2, thenRetrain: false, workers: 2 },
  { what: "with as many running as are to be retrained", top: 1, thenRetrain: true, workers: 2 },
  { what: "without a free worker", top: 2, thenRetrain: true, workers: 1 },
])("begins nothing $what", async ({ top, thenRetrain, workers }) => {
  const { study, retrained, lastTrial, release } = await open({ values: [0.3, 0.5, 0.4, 0], top, workers });
  const searched = collect(study.run({ thenRetrain }));
  await lastTrial();
  release(0.1);
  expect(kinds(await searched)).toEqual([]);
  expect(retrained()).toEqual([]);
});

it("ends it when the search is interrupted, to be begun anew", async () => {
  const interrupt = new AbortController();
  const { study, retrained, lastTrial } = await open({ values: [0.3, 0.5, 0], top: 2, onRetrain: () => {} });
  const searched = collect(study.run({ thenRetrain: true, signal: interrupt.signal }));
  await lastTrial();
  expect(retrained()).toEqual([1]);
  interrupt.abort();
  expect((await searched).at(-1)).toMatchObject({ kind: "study-finished", reason: "interrupt", kept: 1 });
  expect(await states(study)).toEqual([[1, 7, "running"]]);
});

it("ends it for a retraining of other length", async () => {
  const { study, retrained, lastTrial, release } = await open({
    values: [0.3, 0.5, 0],
    top: 2,
    onRetrain: (task) => void (task.task.epochs === 3 && task.end(complete(0.7))),
  });
  const searched = collect(study.run({ thenRetrain: true }));
  await lastTrial();
  release(0.1);
  await searched;
  await collect(study.retrain({ epochs: 3 }));
  expect(retrained()).toEqual([1, 1, 0]);
  expect(await states(study)).toEqual([
    [0, 3, "complete"],
    [1, 3, "complete"],
    [1, 7, "running"],
  ]);
});

it("closing ends it", async () => {
  const { study, lastTrial, release } = await open({ values: [0.3, 0.5, 0], top: 2, onRetrain: () => {} });
  const searched = collect(study.run({ thenRetrain: true }));
  await lastTrial();
  release(0.1);
  await searched;
  await expect(study.close()).resolves.toBeUndefined();
});

it("a failed one is tried once", async () => {
  const { study, retrained, lastTrial, release } = await open({
    values: [0.3, 0.5, 0],
    top: 2,
    onRetrain: (task) => task.end({ state: "failed", reason: "burnt", metrics: {} }),
  });
  const searched = collect(study.run({ thenRetrain: true }));
  await lastTrial();
  release(0.1);
  expect(kinds(await searched)).toEqual(["retrain-started 1", "retrain-finished 1"]);
  expect(kinds(await collect(study.retrain()))).toEqual(["retrain-started 0", "retrain-finished 0"]);
  expect(retrained()).toEqual([1, 0]);
});
