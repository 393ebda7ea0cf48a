/** @file What every executor must do, whichever way it runs its tasks. `open` returns one with the scripted runner and this many workers. */
import { afterEach, describe, expect, test } from "vitest";
import type { Outcome, Report, Task } from "../../src/evaluators/evaluator.ts";
import type { Executor, RunningTask, TaskObserver, WorkerSlot } from "../../src/executors/executor.ts";

export interface Watched {
  readonly running: RunningTask;
  readonly started: { readonly attempt: number; readonly slot: WorkerSlot; readonly previousDeath?: string }[];
  readonly reports: Report[];
  readonly beats: number[];
  /** Resolves at its first report. */
  readonly reported: Promise<Report>;
}

let trials = 0;

/** A task for the scripted runner. */
export function scriptedTask(recipe: Task["recipe"], extra: Partial<Task> = {}): Task {
  const trial = extra.trial ?? trials++;
  return { trial, attempt: 0, phase: "search", genotype: {}, skeleton: {}, recipe, seed: trial, limits: {}, ...extra };
}

/** Runs a task and notes all that is heard of it. */
export function watch(executor: Executor, task: Task, answer: TaskObserver["report"] = () => "continue"): Watched {
  const started: Watched["started"] = [];
  const reports: Report[] = [];
  const beats: number[] = [];
  let resolve: (report: Report) => void = () => {};
  const reported = new Promise<Report>((done) => {
    resolve = done;
  });
  const running = executor.run(task, {
    started: (attempt, slot, previousDeath) =>
      started.push({ attempt, slot, ...(previousDeath !== undefined && { previousDeath }) }),
    report: (report) => {
      reports.push(report);
      resolve(report);
      return answer(report);
    },
    heartbeat: (beat) => beats.push(beat.imagesTrained),
  });
  return { running, started, reports, beats, reported };
}

/** Runs a task to its end. */
export async function outcomeOf(executor: Executor, task: Task): Promise<Outcome | "cancelled"> {
  return watch(executor, task).running.outcome;
}

export function describeExecutor(name: string, open: (workers: number) => Promise<Executor>): void {
  describe(`executor: ${name}`, () => {
    const opened: Executor[] = [];
    const openOne = async (workers = 1): Promise<Executor> => {
      const executor = await open(workers);
      opened.push(executor);
      return executor;
    };
    /** The executor still works. */
    const expectAlive = async (executor: Executor): Promise<void> =>
      expect(await outcomeOf(executor, scriptedTask({ do: "complete" }, { seed: 14 }))).toMatchObject({ values: [2] });

    afterEach(async () => {
      for (const executor of opened.splice(0)) await executor.close();
    });

    test("an outcome comes back as it was given, NaN and all, from the slot that was announced", async () => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: "complete" }, { seed: 1, attempt: 3 }));
      expect(await watched.running.outcome).toEqual({
        state: "complete",
        values: [1 / 7],
        metrics: { loss: Number.NaN, engine: "none" },
      });
      expect(watched.started).toEqual([{ attempt: 3, slot: executor.slots[0] }]);
    });

    test("reports are heard in order before the outcome, and the run goes on while they are answered so", async () => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: "steps", steps: 4 }));
      expect(await watched.running.outcome).toMatchObject({ state: "complete", values: [0.4] });
      expect(watched.reports.map(({ step, values }) => [step, ...values])).toEqual([
        [1, 0.1],
        [2, 0.2],
        [3, 0.3],
        [4, 0.4],
      ]);
      expect(watched.beats[0]).toBe(1);
    });

    test("a report answered with stop prunes", async () => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: "steps", steps: 9 }), ({ step }) =>
        step < 3 ? "continue" : "stop",
      );
      expect(await watched.running.outcome).toEqual({ state: "pruned", values: [0.3], metrics: {} });
      expect(watched.reports).toHaveLength(3);
    });

    test.each([
      ["reject", "the data ran out"],
      ["rejectAtOnce", "not even a promise"],
      ["rejectWithNothing", "It threw nothing, which is no error."],
      ["nothing", "The evaluator returned no outcome"],
      ["wrongReport", "The evaluator reported what can't be read: values"],
      ["wrongStep", "The evaluator reported what can't be read: step"],
    ])("a runner that goes wrong (%s) fails its trial with the reason and nothing else", async (deed, reason) => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: deed }));
      expect(await watched.running.outcome).toMatchObject({ state: "failed", reason: expect.stringContaining(reason) });
      expect(watched.started).toHaveLength(1);
      await expectAlive(executor);
    });

    test("a soft cancel is heard and ends the task as cancelled", async () => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: "wait" }));
      await watched.reported;
      watched.running.cancel("soft");
      expect(await watched.running.outcome).toBe("cancelled");
      await expectAlive(executor);
    });

    test("what was complete, or pruned by an answer, in spite of a soft cancel is a result", async () => {
      const executor = await openOne();
      const complete = watch(executor, scriptedTask({ do: "wait", end: "complete" }));
      await complete.reported;
      complete.running.cancel("soft");
      expect(await complete.running.outcome).toMatchObject({ state: "complete", values: [1] });
      const pruned = watch(executor, scriptedTask({ do: "wait" }), () => "stop");
      await pruned.reported;
      pruned.running.cancel("soft");
      expect(await pruned.running.outcome).toMatchObject({ state: "pruned" });
    });

    test("a hard cancel ends a task that heeds nothing; later cancels are nothing", async () => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: "stay" }));
      await watched.reported;
      watched.running.cancel("soft");
      watched.running.cancel("hard");
      expect(await watched.running.outcome).toBe("cancelled");
      watched.running.cancel("hard");
      await expectAlive(executor);
    });

    test("a trial over its time limit fails with the limit named, without another try", async () => {
      const executor = await openOne();
      const watched = watch(executor, scriptedTask({ do: "stay" }, { limits: { timeMs: 100 } }));
      expect(await watched.running.outcome).toEqual({
        state: "failed",
        reason: "It went over its time limit of 100 ms.",
        metrics: {},
      });
      expect(watched.started).toHaveLength(1);
      await expectAlive(executor);
    });

    test("it takes as many tasks as it has workers, and no more", async () => {
      const executor = await openOne(2);
      expect([executor.slots.length, executor.free]).toEqual([2, 2]);
      const first = watch(executor, scriptedTask({ do: "wait" }));
      expect(executor.free).toBe(1);
      const second = watch(executor, scriptedTask({ do: "wait" }));
      expect(executor.free).toBe(0);
      expect(() => watch(executor, scriptedTask({ do: "complete" }))).toThrow("Expected a free worker");
      await Promise.all([first.reported, second.reported]);
      expect(new Set([...first.started, ...second.started].map(({ slot }) => slot.index))).toEqual(new Set([0, 1]));
      first.running.cancel("soft");
      await first.running.outcome;
      expect(executor.free).toBe(1);
      second.running.cancel("soft");
      await second.running.outcome;
      expect(executor.free).toBe(2);
    });

    test("what the observer throws comes out of the task, and the executor works on", async () => {
      const executor = await openOne();
      const broken = watch(executor, scriptedTask({ do: "steps", steps: 3 }), () => {
        throw new Error("the disk is full");
      });
      await expect(broken.running.outcome).rejects.toThrow("the disk is full");
      expect(broken.reports).toHaveLength(1);
      await expectAlive(executor);
    });

    test("closing cancels what runs; closed, it takes nothing; closing twice is nothing", async () => {
      const executor = await openOne(2);
      const watched = watch(executor, scriptedTask({ do: "stay" }));
      await watched.reported;
      await Promise.all([executor.close(), executor.close()]);
      expect(await watched.running.outcome).toBe("cancelled");
      expect(executor.free).toBe(0);
      expect(() => watch(executor, scriptedTask({ do: "complete" }))).toThrow("closed");
    });
  });
}
