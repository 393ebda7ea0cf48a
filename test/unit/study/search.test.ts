/** @file The loop, over an executor that ends tasks as a test says. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../../../src/base/clock.ts";
import type { Evaluator } from "../../../src/evaluators/evaluator.ts";
import type { Controller, ControllerDefinition, Proposal } from "../../../src/search/controller.ts";
import type { StudyDefinition } from "../../../src/study/definition.ts";
import type { StudyEvent } from "../../../src/study/events.ts";
import { openStudy } from "../../../src/study/open.ts";
import type { Study } from "../../../src/study/study.ts";
import { complete, fakeExecutor, type FakeTask } from "../../support/fake-executor.ts";
import { toySpace } from "../../support/toy-space.ts";

let resultsDir: string;
let open: Study[] = [];

beforeEach(async () => {
  resultsDir = await mkdtemp(join(tmpdir(), "cellwright-search-"));
});
afterEach(async () => {
  await Promise.all(open.map((study) => study.close()));
  open = [];
  await rm(resultsDir, { recursive: true, force: true });
});

const evaluator: Evaluator = {
  name: "toy",
  key: "toy",
  measures: ["accuracy"],
  options: {},
  evaluate: () => Promise.reject(new Error("not called: the executor is a fake")),
};

/** Proposes what `propose` says, by number. */
function scripted(propose: (number: number) => Proposal | "wait" | "done"): ControllerDefinition {
  return { name: "scripted", options: {}, create: (): Controller => ({ ask: propose, tell() {} }) };
}

const at = (a: number, b: number, twin = 0): Proposal => ({ genotype: { a, b, twin } });
const spread = (number: number): Proposal => at(1 + (number % 9), 1 + (Math.floor(number / 9) % 9));

async function studyOf(
  definition: Partial<StudyDefinition>,
  onTask: (task: FakeTask) => void,
  workers = 1,
  clock = manualClock(),
) {
  const executor = fakeExecutor(workers, onTask);
  const study = await openStudy({
    mode: "create",
    resultsDir,
    clock,
    executor,
    definition: {
      name: "s",
      space: toySpace,
      controller: scripted(spread),
      evaluator,
      budget: { trials: 5 },
      ...definition,
    },
  });
  open.push(study);
  return { study, executor };
}

async function collect(events: AsyncIterable<StudyEvent>): Promise<StudyEvent[]> {
  const all: StudyEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const ending = (events: readonly StudyEvent[]) => events.at(-1);

describe("search loop", () => {
  it("runs the budget's trials, at most one per worker at a time, and stores each", async () => {
    const { study, executor } = await studyOf(
      { budget: { trials: 7 } },
      (task) => task.end(complete(task.task.trial / 10)),
      2,
    );
    const events = await collect(study.run());
    expect(executor.maxRunning()).toBe(2);
    expect(executor.tasks).toHaveLength(7);
    expect(ending(events)).toEqual({ kind: "study-finished", reason: "trials", kept: 0 });
    const trials = await study.storage.trials();
    expect(trials.map((trial) => [trial.number, trial.state, trial.values])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((n) => [n, "complete", [n / 10]]),
    );
    expect(new Set(trials.map((trial) => trial.seed)).size).toBe(7);
    expect((await study.top())[0]?.trial.number).toBe(6);
  });

  it("gives a duplicate the stored result, and never trains it", async () => {
    const controller = scripted((number) => at(2, 2, number % 3));
    const { study, executor } = await studyOf({ controller, budget: { trials: 4 } }, (task) => task.end(complete(0.5)));
    await collect(study.run());
    expect(executor.tasks).toHaveLength(1);
    expect((await study.storage.trials()).map((trial) => [trial.duplicateOf, trial.values])).toEqual([
      [undefined, [0.5]],
      [0, [0.5]],
      [0, [0.5]],
      [0, [0.5]],
    ]);
    expect((await study.status()).trials).toEqual({ complete: 1, pruned: 0, failed: 0, duplicates: 3, unfinished: 0 });
  });

  it("lets a twin of a running trial wait for its result; if that one fails, the twin trains", async () => {
    const controller = scripted((number) => (number < 2 ? at(2, 2, number) : at(3, 3)));
    const held: FakeTask[] = [];
    const { study, executor } = await studyOf(
      { controller, budget: { trials: 3 } },
      (task) => {
        if (task.task.trial === 0) held.push(task);
        else {
          task.end(complete(0.7));
          // The third trial has run beside the first; only now does the first end.
          if (task.task.trial === 2) held[0]?.end({ state: "failed", reason: "out of luck", metrics: {} });
        }
      },
      2,
    );
    await collect(study.run());
    expect(executor.tasks.map((task) => task.trial)).toEqual([0, 2, 1]);
    expect((await study.storage.trials()).map((trial) => trial.state)).toEqual(["failed", "complete", "complete"]);
  });

  it("refuses what breaks a constraint without training, and gives up where nothing passes", async () => {
    const some = await studyOf({ constraints: { maxParams: 60 }, budget: { trials: 9 } }, (task) =>
      task.end(complete(0.1)),
    );
    await collect(some.study.run());
    const rejected = (await some.study.storage.trials()).filter((trial) => trial.state === "failed");
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected.length + some.executor.tasks.length).toBe(9);
    expect(rejected.every((trial) => /^constraints\.maxParams: \d+ is over 60$/.test(trial.reason ?? ""))).toBe(true);

    const none = await studyOf({ name: "none", constraints: { maxMacs: 1 }, budget: { hours: 1 } }, () => {});
    await expect(collect(none.study.run())).rejects.toThrow(
      /Expected at least 1 in 1,000 proposals to meet them\. Received: none of 1,000 \(maxMacs refuses 1,000\)/,
    );
    expect(none.executor.tasks).toHaveLength(0);
  });

  it("stops when time is up, counts time over resumes, and lets what runs end", async () => {
    const clock = manualClock();
    const onTask = (task: FakeTask): void => {
      clock.advance(1_200_000);
      task.end(complete(0.5));
    };
    const { study } = await studyOf({ budget: { hours: 1 } }, onTask, 1, clock);
    expect(ending(await collect(study.run()))).toMatchObject({ reason: "time" });
    expect(await study.storage.trials()).toHaveLength(3);
    expect((await study.status()).elapsedMs).toBe(3_600_000);
    expect(ending(await collect(study.run()))).toMatchObject({ reason: "time" });
    expect(await study.storage.trials()).toHaveLength(3);
  });

  it("stops at the target", async () => {
    const { study } = await studyOf({ budget: { trials: 50, target: 0.3 } }, (task) =>
      task.end(complete(task.task.trial / 10)),
    );
    expect(ending(await collect(study.run()))).toMatchObject({ reason: "target" });
    expect(await study.storage.trials()).toHaveLength(4);
  });

  it("keeps what runs when interrupted, and goes on with it", async () => {
    const stop = new AbortController();
    let interrupted = false;
    const { study, executor } = await studyOf(
      { budget: { trials: 6 } },
      (task) => {
        if (task.task.trial === 3 && !interrupted) {
          interrupted = true;
          stop.abort();
        } else task.end(complete(task.task.trial / 10));
      },
      2,
    );
    const first = await collect(study.run({ signal: stop.signal }));
    const kept = (await study.storage.trials()).filter((trial) => trial.state === "running").length;
    expect(ending(first)).toEqual({ kind: "study-finished", reason: "interrupt", kept });
    expect(kept).toBeGreaterThan(0);
    await study.close();
    open = [];

    const again = await openStudy({
      mode: "resume",
      name: "s",
      resultsDir,
      clock: manualClock(),
      executor,
      definition: study.definition,
    });
    open.push(again);
    expect(ending(await collect(again.run()))).toEqual({ kind: "study-finished", reason: "trials", kept: 0 });
    expect((await again.storage.trials()).map((trial) => trial.state)).toEqual(Array(6).fill("complete"));
    expect((await again.storage.events()).filter((event) => event.kind === "started")).toHaveLength(6);
  });

  it("stores reports, and prunes by them", async () => {
    const { study } = await studyOf(
      { budget: { trials: 4 }, pruner: { kind: "median", startupTrials: 3, warmupSteps: 0 } },
      ({ task, observer, end }) => {
        const answer = observer.report({
          trial: task.trial,
          attempt: task.attempt,
          step: 1,
          values: [task.trial === 3 ? 0.1 : 0.5],
          metrics: {},
        });
        end(answer === "stop" ? { state: "pruned", values: [0.1], metrics: {} } : complete(0.5));
      },
    );
    await collect(study.run());
    expect((await study.storage.trials()).map((trial) => trial.state)).toEqual([
      "complete",
      "complete",
      "complete",
      "pruned",
    ]);
    expect(await study.storage.steps()).toHaveLength(4);
  });

  it("goes on after failures, but not when most trials fail, nor after one where the study says so, nor after one that all would meet", async () => {
    const fails = (share: number) => (task: FakeTask) =>
      task.end(task.task.trial % 10 < share * 10 ? { state: "failed", reason: "broke", metrics: {} } : complete(0.5));
    const few = await studyOf({ budget: { trials: 20 } }, fails(0.3));
    expect(ending(await collect(few.study.run()))).toMatchObject({ reason: "trials" });

    const most = await studyOf({ name: "most", budget: { trials: 30 } }, fails(0.6));
    await expect(collect(most.study.run())).rejects.toThrow(
      /of 1\d trials failed, more than maxFailedShare allows.*broke/s,
    );

    const strict = await studyOf({ name: "strict", failedTrials: "stop" }, fails(0.3));
    await expect(collect(strict.study.run())).rejects.toThrow(/trial 0 failed: broke/);

    const fatal = await studyOf({ name: "fatal" }, (task) =>
      task.end({ state: "failed", reason: "no data here", metrics: { fatal: true } }),
    );
    await expect(collect(fatal.study.run())).rejects.toThrow(/no data here/);
    expect(fatal.executor.tasks).toHaveLength(1);
    // It is no fault of the trial, which runs again when the data is there.
    expect((await fatal.study.storage.trials()).map((trial) => trial.state)).toEqual(["running"]);
  });

  it("ends when the controller is done, and refuses one that waits for nothing", async () => {
    const done = await studyOf(
      { controller: scripted((number) => (number < 3 ? spread(number) : "done")), budget: {} },
      (task) => task.end(complete(0.5)),
    );
    expect(ending(await collect(done.study.run()))).toMatchObject({ reason: "controller-done" });
    const stuck = await studyOf({ name: "stuck", controller: scripted(() => "wait") }, () => {});
    await expect(collect(stuck.study.run())).rejects.toThrow(/Expected a proposal while nothing is in flight/);
  });

  it("refuses a genotype that is none, naming the controller and every problem", async () => {
    const { study } = await studyOf({ controller: scripted(() => ({ genotype: { a: 0, b: 99, twin: 0 } })) }, () => {});
    await expect(collect(study.run())).rejects.toThrow(
      /controller scripted {2}Expected a genotype of the space toy.*with 2 problems.*a .*b /s,
    );
  });
});

describe("by hand", () => {
  it("asks and tells, with the same storage and the same duplicates", async () => {
    const { study, executor } = await studyOf(
      { controller: scripted((number) => (number === 1 ? at(1, 1, 2) : spread(number))) },
      () => {},
    );
    const first = await study.ask();
    if (typeof first === "string") throw new Error("expected a trial");
    expect(first.settled).toBeUndefined();
    expect(await study.tell(first.number, { accuracy: 0.6 })).toMatchObject({ state: "complete", values: [0.6] });
    const twin = await study.ask();
    expect(twin).toMatchObject({ number: 1, settled: { duplicateOf: 0, values: [0.6] } });
    await expect(study.tell(1, { accuracy: 1 })).rejects.toThrow(/Expected a trial taken with ask and not told yet/);
    const third = await study.ask();
    if (typeof third === "string") throw new Error("expected a trial");
    await expect(study.tell(third.number, { acc: 1 })).rejects.toThrow(
      /tell\(2\): accuracy {2}Expected a finite number/,
    );
    expect(executor.tasks).toHaveLength(0);
  });
});

describe("opening", () => {
  it("refuses a second study of the same name, a study that is not there, and another space under the same version", async () => {
    const { study } = await studyOf({}, () => {});
    await expect(studyOf({}, () => {})).rejects.toThrow(/Expected no study of that name.*cellwright resume s/);
    await expect(openStudy({ mode: "read", name: "nowhere", resultsDir })).rejects.toThrow(
      /nowhere {2}Expected a study \(a folder with study\.db\)/,
    );
    const other = { ...study.definition, space: { ...toySpace, hash: "another" } };
    await study.close();
    open = [];
    await expect(openStudy({ mode: "resume", name: "s", resultsDir, definition: other })).rejects.toThrow(
      /Give the space a new version/,
    );
    await expect(
      openStudy({ mode: "resume", name: "s", resultsDir, definition: { ...study.definition, seed: 5 } }),
    ).rejects.toThrow(/seed {2}Expected 0, with which the study began. Received: 5/);
  });
});
