/** @file The loop at its edges: objectives in another order than measures, controllers with nothing new, signals among duplicates, what is thrown. */
import { describe, expect, it } from "vitest";
import { manualClock } from "../../../src/base/clock.ts";
import type { ControllerEvent } from "../../../src/search/controller.ts";
import { maximize, minimize } from "../../../src/study/define.ts";
import { complete, type FakeTask } from "../../support/fake-executor.ts";
import { collect, fakeEvaluator, fakeStudies, scripted, spread } from "../../support/fake-study.ts";

const studies = fakeStudies();
const same = scripted(() => spread(0));

describe("objectives", () => {
  const evaluator = fakeEvaluator(["accuracy", "loss", "macs"]);
  const objectives = [minimize("macs"), maximize("accuracy")];
  const report = ({ task, observer }: FakeTask, values: readonly number[]) =>
    observer.report({ trial: task.trial, attempt: task.attempt, step: 1, values, metrics: {} });

  it("are picked by name from what is measured: to store, tell, rank, prune and stop by", async () => {
    const told: ControllerEvent[] = [];
    const { study } = await studies.open(
      {
        evaluator,
        objectives,
        controller: scripted(spread, (event) => void told.push(event)),
        pruner: { kind: "median", startupTrials: 2, warmupSteps: 0 },
        budget: { trials: 9, target: 60 },
      },
      {
        onTask(task) {
          const { trial } = task.task;
          // Accuracy falls and macs fall with the trial, but for trial 2, whose macs are the most.
          const measured = [0.9 - trial / 10, 1 + trial, trial === 2 ? 200 : 100 - 10 * trial];
          const answer = report(task, measured);
          task.end({ state: answer === "stop" ? "pruned" : "complete", values: measured, metrics: {} });
        },
      },
    );
    const events = await collect(study.run());
    expect(events.at(-1)).toMatchObject({ reason: "target" });
    const stored = (await study.storage.trials()).map(({ state, values }) => [
      state,
      values?.map((v) => +v.toFixed(3)),
    ]);
    expect(stored).toEqual([
      ["complete", [100, 0.9]],
      ["complete", [90, 0.8]],
      ["pruned", [200, 0.7]],
      ["complete", [70, 0.6]],
      ["complete", [60, 0.5]],
    ]);
    expect((await study.storage.steps(2))[0]?.values[0]).toBe(200);
    const values = told.flatMap((event) => (event.kind === "finished" ? [event.trial.values?.[0]] : []));
    expect(values).toEqual([100, 90, 200, 70, 60]);
    expect((await study.top()).map(({ trial }) => trial.number)).toEqual([4, 3, 1, 0]);
  });

  it("are picked by name from a retraining too", async () => {
    const retraining = fakeEvaluator(["accuracy", "macs"]);
    const { study } = await studies.open(
      { evaluator, objectives, budget: { trials: 2 }, retrain: { top: 1, epochs: 3, evaluator: retraining } },
      {
        onTask(task) {
          const measured = task.task.phase === "retrain" ? [0.95, 77] : [0.9, 1, 100];
          report(task, measured);
          task.end({ state: "complete", values: measured, metrics: {} });
        },
      },
    );
    await collect(study.run());
    const events = await collect(study.retrain());
    expect(events.filter(({ kind }) => kind === "retrain-step" || kind === "retrain-finished")).toMatchObject([
      { values: [77, 0.95] },
      { values: [77, 0.95] },
    ]);
    expect((await study.storage.retrains())[0]).toMatchObject({ state: "complete", values: [77, 0.95] });
  });

  it("that are not finite fail their trial, and are never the best", async () => {
    const outcomes = [[0.1], [Number.NaN], [], [Infinity], [0.3], [0.2]];
    const { study } = await studies.open(
      { budget: { trials: 6, target: 0.9 } },
      { onTask: ({ task, end }) => end({ state: "complete", values: outcomes[task.trial] ?? [], metrics: {} }) },
    );
    const events = await collect(study.run());
    const ended = events.flatMap((event) => (event.kind === "trial-finished" ? [event] : []));
    expect(ended.map(({ isBest, trial }) => [trial.state, isBest, trial.reason])).toEqual([
      ["complete", true, undefined],
      ["failed", false, "accuracy was not a finite number: NaN"],
      ["failed", false, "accuracy was not a finite number: undefined"],
      ["failed", false, "accuracy was not a finite number: Infinity"],
      ["complete", true, undefined],
      ["complete", false, undefined],
    ]);
  });
});

describe("trials in flight", () => {
  it.each([
    [1, 3, 1],
    [2, 3, 2],
    [9, 3, 3],
  ])("with parallelism %d on %d workers: at most %d", async (parallelism, workers, most) => {
    const { study, executor } = await studies.open(
      { parallelism, budget: { trials: 12 } },
      { workers, onTask: ({ end }) => setTimeout(() => end(complete(0.5)), 2) },
    );
    await collect(study.run());
    expect(executor.maxRunning()).toBe(most);
    expect(executor.tasks).toHaveLength(12);
  });
});

describe("a controller with nothing new", () => {
  it("ends a search that has no number of trials, saying why; one that has makes them", async () => {
    const endless = await studies.open({ controller: same, budget: { hours: 1 } });
    const events = await collect(endless.study.run());
    expect(events.at(-1)).toMatchObject({ reason: "controller-done", kept: 0 });
    expect(events).toContainEqual({
      kind: "note",
      level: "info",
      message: "The last 300 proposals were duplicates: there is nothing new to try.",
    });
    expect(await endless.study.storage.trials()).toHaveLength(301);

    const counted = await studies.open({ name: "counted", controller: same, budget: { trials: 320 } });
    expect((await collect(counted.study.run())).at(-1)).toMatchObject({ reason: "trials" });
  });

  it("does not drown a signal in duplicates", async () => {
    const stop = new AbortController();
    const { study } = await studies.open({ controller: same, budget: { trials: 100_000 } });
    setTimeout(() => stop.abort(), 100);
    const events = await collect(study.run({ signal: stop.signal }));
    expect(events.at(-1)).toMatchObject({ reason: "interrupt" });
  });

  it("lets few twins wait for a running trial, and gives each its result", async () => {
    let waiting = 0;
    const { study, executor } = await studies.open(
      { controller: same, budget: { trials: 40 } },
      {
        workers: 2,
        onTask: ({ end }) =>
          void setTimeout(async () => {
            waiting = (await study.storage.trials()).length - 1;
            end(complete(0.5));
          }, 300),
      },
    );
    await collect(study.run());
    expect(waiting).toBe(8);
    expect(executor.tasks).toHaveLength(1);
    expect((await study.status()).trials).toMatchObject({ complete: 1, duplicates: 39, unfinished: 0 });
  });
});

describe("going on", () => {
  it("in the same process, with what an interrupt kept", async () => {
    const stop = new AbortController();
    const { study } = await studies.open(
      { budget: { trials: 6 } },
      {
        workers: 2,
        onTask({ task, end }) {
          if (task.trial === 3 && !stop.signal.aborted) stop.abort();
          else end(complete(task.trial / 10));
        },
      },
    );
    expect((await collect(study.run({ signal: stop.signal }))).at(-1)).toMatchObject({ reason: "interrupt" });
    expect((await study.status()).trials.unfinished).toBeGreaterThan(0);
    expect((await collect(study.run())).at(-1)).toEqual({ kind: "study-finished", reason: "trials", kept: 0 });
    expect((await study.storage.trials()).map(({ state }) => state)).toEqual(Array(6).fill("complete"));
  });

  it("after a clock that was set back", async () => {
    const clock = manualClock(10_000_000);
    const { study } = await studies.open(
      // With hours to keep to, it looks at the clock before each trial.
      { budget: { trials: 3, hours: 5 } },
      {
        clock,
        onTask({ task, end }) {
          clock.advance(task.trial === 1 ? -3_600_000 : 1_000);
          end(complete(0.5));
        },
      },
    );
    await collect(study.run());
    await study.close();
    const again = await studies.open({}, { mode: "resume", clock });
    expect(again.study.storage.study.elapsedMs).toBe(2_000);
  });

  it("after leaving the loop early: closing stops the search first, and loses nothing", async () => {
    const { study, executor } = await studies.open({ budget: { trials: 50 } }, { workers: 2 });
    for await (const event of study.run()) if (event.kind === "trial-finished" && event.trial.number === 3) break;
    await study.close();
    const tasks = executor.tasks.length;
    expect(tasks).toBeLessThan(50);
    expect(executor.free).toBe(2);
    const again = await studies.open({ budget: { trials: 50 } }, { mode: "resume", workers: 2 });
    expect((await collect(again.study.run())).at(-1)).toMatchObject({ reason: "trials", kept: 0 });
    expect((await again.study.status()).trials).toMatchObject({ complete: 50 });
  });
});

describe("what is thrown", () => {
  it("stops what still runs", async () => {
    const { study, executor } = await studies.open(
      {
        controller: scripted((number) => {
          if (number === 2) throw new Error("a mistake in the controller");
          return spread(number);
        }),
      },
      { workers: 3, onTask: () => {} },
    );
    await expect(collect(study.run())).rejects.toThrow("a mistake in the controller");
    expect(executor.free).toBe(3);
    expect((await study.status()).trials).toMatchObject({ unfinished: 2 });
  });

  it.each([
    [undefined, /controller scripted: ask {2}Expected a proposal \{ genotype \}, "wait" or "done"\. Received: nothing/],
    ["later", /ask {2}Expected a proposal.*Received: "later"/],
    [[], /ask {2}Expected a proposal.*Received: \[\]/],
    [{}, /Expected a genotype of the space toy\. Received: nothing, with 1 problem:/],
    [{ ...spread(0), epochs: 0.5 }, /proposal\.epochs {2}Expected a whole number of 1 or more\. Received: 0\.5/],
    [{ ...spread(0), epochs: Number.NaN }, /proposal\.epochs .* Received: NaN/],
    [
      { ...spread(0), continueFrom: 7 },
      /proposal\.continueFrom {2}Expected the number of a trial that is complete or pruned\. Received: 7/,
    ],
    [{ ...spread(0), note: "x" }, /proposal\.note {2}Expected one of genotype, epochs, continueFrom/],
  ])("names a controller that proposes %j, and stores no trial", async (answer, message) => {
    const { study } = await studies.open({ controller: scripted(() => answer) });
    await expect(collect(study.run())).rejects.toThrow(message);
    expect(await study.storage.trials()).toEqual([]);
  });

  it("lets a proposal go on from a trial that measured something, and from no other, also after a resume", async () => {
    const controller = scripted((number) =>
      number < 3 ? spread(number) : { ...spread(number), continueFrom: number - 3 },
    );
    const onTask = ({ task, end }: FakeTask) =>
      end(task.trial === 1 ? { state: "failed", reason: "no", metrics: {} } : complete(0.5));
    const { study } = await studies.open({ controller, budget: { trials: 4 } }, { onTask });
    await collect(study.run());
    expect((await study.storage.trial(3))?.proposal).toMatchObject({ continueFrom: 0 });
    await study.close();
    const again = await studies.open({ controller, budget: { trials: 9 } }, { mode: "resume", onTask });
    await expect(collect(again.study.run())).rejects.toThrow(/proposal\.continueFrom .* Received: 1\./);
  });
});
