/** @file The pool of worker processes, with real processes that die in every way we know. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { Logger } from "../../../src/base/logger.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { createRng } from "../../../src/base/rng.ts";
import type { Outcome } from "../../../src/evaluators/evaluator.ts";
import type { Executor, PoolOptions } from "../../../src/executors/executor.ts";
import { openProcessPool } from "../../../src/executors/index.ts";
import { describeExecutor, outcomeOf, scriptedTask, watch } from "../../support/executor-suite.ts";

const RUNNER = new URL("../../support/scripted-runner.mjs", import.meta.url).href;

const opened: Executor[] = [];
afterEach(async () => {
  for (const pool of opened.splice(0)) await pool.close();
});

async function openPool(workers: number, options: Partial<PoolOptions> = {}): Promise<Executor> {
  const slots = Array.from({ length: workers }, (_, index) => ({ index }));
  const pool = await openProcessPool({ slots, runnerModule: RUNNER, init: null, ...options });
  opened.push(pool);
  return pool;
}

/** Whether a process runs (one that waits to be reaped does not). */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** Waits for an event that must come; the test's own limit is its end. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}

describeExecutor("process pool", async (workers) => openPool(workers));

describe("a worker that dies", () => {
  test.each([
    ["abort", /^It killed 2 workers; the last one was killed by SIGABRT/],
    ["sigkill", /^It killed 2 workers; the last one was killed by SIGKILL/],
    ["exit", /^It killed 2 workers; the last one exited with code 3/],
    ["throw", /^It killed 2 workers; the last one exited with code 1; its last words:[^]*nobody awaits this/],
    ["garbage", /^It killed 2 workers; the last one sent a malformed message \(message {2}/],
    ["wrong", /^It killed 2 workers; the last one sent a malformed message \(outcome/],
    [
      "words",
      /^It killed 2 workers; the last one exited with code 7; its last words:\nfirst words\nthe kernel is out of patience$/,
    ],
  ])("by %s costs its trial one try; the second death fails it with the reason", async (deed, reason) => {
    const pool = await openPool(1);
    const once = watch(pool, scriptedTask({ do: deed, deaths: 1 }, { seed: 7 }));
    expect(await once.running.outcome).toMatchObject({ state: "complete", values: [1] });
    expect(once.started.map(({ attempt }) => attempt)).toEqual([0, 1]);
    const always = watch(pool, scriptedTask({ do: deed }, { attempt: 4 }));
    expect(await always.running.outcome).toEqual({
      state: "failed",
      reason: expect.stringMatching(reason),
      metrics: {},
    });
    expect(always.started.map(({ attempt }) => attempt)).toEqual([4, 5]);
    expect(await outcomeOf(pool, scriptedTask({ do: "complete" }))).toMatchObject({ state: "complete" });
  });

  test("by an endless loop is noticed by its silence", async () => {
    const pool = await openPool(1, { hangMs: 2000 });
    expect(await outcomeOf(pool, scriptedTask({ do: "loop", deaths: 1 }))).toMatchObject({ state: "complete" });
    const always = await outcomeOf(pool, scriptedTask({ do: "loop" }));
    expect(always).toMatchObject({
      reason: "It killed 2 workers; the last one hung: nothing was heard of it for 2000 ms",
    });
  });

  test("not: a loop that never yields but gives heartbeats is alive, far beyond the time of silence", async () => {
    const pool = await openPool(1, { hangMs: 2000 });
    const watched = watch(pool, scriptedTask({ do: "microtasks", ms: 4000 }));
    expect(await watched.running.outcome).toMatchObject({ state: "complete" });
    expect(watched.started).toHaveLength(1);
    // Thinned in the worker: at most one per 200 ms of the 4000, and the first.
    expect(watched.beats.length).toBeGreaterThan(1);
    expect(watched.beats.length).toBeLessThanOrEqual(21);
  });

  test("by work that never ends while its loop turns is noticed where it said when it would be heard of again", async () => {
    const pool = await openPool(1);
    expect(await outcomeOf(pool, scriptedTask({ do: "stall", withinMs: 400, deaths: 1 }))).toMatchObject({
      state: "complete",
    });
    const always = watch(pool, scriptedTask({ do: "stall", withinMs: 400 }));
    expect(await always.running.outcome).toMatchObject({
      state: "failed",
      reason: "It killed 2 workers; the last one hung: its trial made no progress for 400 ms",
    });
    expect(always.started).toHaveLength(2);
  });

  test("not: one that keeps its word goes on far beyond it, and so does one that takes it back", async () => {
    const pool = await openPool(2);
    const tasks = [
      watch(pool, scriptedTask({ do: "promises", withinMs: 2000, ms: 5000, takesBack: false })),
      watch(pool, scriptedTask({ do: "promises", withinMs: 2000, ms: 5000, takesBack: true })),
    ];
    for (const { running, started } of tasks) {
      expect(await running.outcome).toMatchObject({ state: "complete" });
      expect(started).toHaveLength(1);
    }
  });

  test("stopped from outside, as by SIGSTOP, is noticed by its silence and can still be killed", async () => {
    const pool = await openPool(1, { hangMs: 2000 });
    const watched = watch(pool, scriptedTask({ do: "wait", end: "complete" }));
    const { metrics } = await watched.reported;
    process.kill(Number(metrics["pid"]), "SIGSTOP");
    await until(() => watched.reports.length === 2);
    expect(watched.started[1]?.previousDeath).toBe("hung: nothing was heard of it for 2000 ms");
    expect(isRunning(Number(metrics["pid"]))).toBe(false);
    watched.running.cancel("soft");
    expect(await watched.running.outcome).toMatchObject({ state: "complete" });
  });

  test.skipIf(!existsSync("/proc/self/oom_score_adj"))(
    "for want of memory goes before its parent and everybody else's programs",
    async () => {
      const pool = await openPool(1);
      const { metrics } = (await outcomeOf(pool, scriptedTask({ do: "environment" }))) as Outcome;
      expect(readFileSync(`/proc/${metrics["pid"]}/oom_score_adj`, "utf8")).toBe("1000\n");
    },
  );

  test("when the pool is closed is nothing to warn of", async () => {
    const warned: string[] = [];
    const pool = await openPool(2, { logger: { ...silentLogger, warn: (message) => warned.push(message) } });
    await outcomeOf(pool, scriptedTask({ do: "complete" }));
    await pool.close();
    expect(warned).toEqual([]);
  });

  test("without a task is replaced without costing anyone", async () => {
    const warned: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => warned.push(message) };
    const pool = await openPool(1, { logger });
    const first = await outcomeOf(pool, scriptedTask({ do: "environment" }));
    const pid = Number((first as Outcome).metrics["pid"]);
    process.kill(pid, "SIGKILL");
    await until(() => warned.includes("an idle worker died"));
    const second = watch(pool, scriptedTask({ do: "environment" }));
    const outcome = (await second.running.outcome) as Outcome;
    expect(outcome.metrics["pid"]).not.toBe(pid);
    expect(second.started).toHaveLength(1);
  });

  test("retries can be none or more", async () => {
    const none = await openPool(1, { retries: 0 });
    expect(await outcomeOf(none, scriptedTask({ do: "exit" }))).toMatchObject({
      reason: "It killed its worker, which exited with code 3",
    });
    const three = await openPool(1, { retries: 3 });
    expect(await outcomeOf(three, scriptedTask({ do: "exit", deaths: 3 }))).toMatchObject({ state: "complete" });
  });

  test("from outside, in the middle of a task: the dead attempt's reports are followed by those of the next", async () => {
    const pool = await openPool(2);
    const victim = watch(pool, scriptedTask({ do: "wait" }));
    const bystander = watch(pool, scriptedTask({ do: "wait", end: "complete" }));
    const { metrics } = await victim.reported;
    await bystander.reported;
    process.kill(Number(metrics["pid"]), "SIGKILL");
    await until(() => victim.reports.length === 2);
    expect(victim.started.map(({ previousDeath }) => previousDeath)).toEqual([undefined, "was killed by SIGKILL"]);
    expect(victim.reports.map(({ attempt }) => attempt)).toEqual([0, 1]);
    victim.running.cancel("soft");
    bystander.running.cancel("soft");
    expect(await victim.running.outcome).toBe("cancelled");
    expect(await bystander.running.outcome).toMatchObject({ state: "complete" });
    expect(bystander.started).toHaveLength(1);
  });
});

describe("limits", () => {
  const MIB = 2 ** 20;

  test("a trial over its memory limit fails with both numbers, without another try", async () => {
    const pool = await openPool(1);
    const watched = watch(pool, scriptedTask({ do: "hog", bytes: 1024 * MIB }, { limits: { memoryBytes: 300 * MIB } }));
    expect(await watched.running.outcome).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/^It went over its memory limit of 300 MiB: its worker held \d+ MiB\.$/),
    });
    expect(watched.started).toHaveLength(1);
    expect(
      await outcomeOf(pool, scriptedTask({ do: "complete" }, { limits: { memoryBytes: 300 * MIB } })),
    ).toMatchObject({ state: "complete" });
  });

  test("what one trial leaves in memory is not charged to the next: it gets a fresh worker", async () => {
    const pool = await openPool(1);
    const limits = { memoryBytes: 150 * MIB };
    const first = (await outcomeOf(pool, scriptedTask({ do: "environment" }))) as Outcome;
    expect(await outcomeOf(pool, scriptedTask({ do: "hog", bytes: 120 * MIB, holdMs: 0 }))).toMatchObject({
      state: "complete",
    });
    const next = watch(pool, scriptedTask({ do: "environment" }, { limits }));
    const outcome = (await next.running.outcome) as Outcome;
    expect(outcome.state).toBe("complete");
    expect(outcome.metrics["pid"]).not.toBe(first.metrics["pid"]);
    expect(next.started).toHaveLength(1);
  });

  test("a time limit also ends a worker whose loop never turns", async () => {
    const pool = await openPool(1);
    const watched = watch(pool, scriptedTask({ do: "busy" }, { limits: { timeMs: 300 } }));
    expect(await watched.running.outcome).toMatchObject({
      state: "failed",
      reason: "It went over its time limit of 300 ms.",
    });
  });

  test("a hard cancel also ends a worker whose loop never turns", async () => {
    const pool = await openPool(1);
    const watched = watch(pool, scriptedTask({ do: "busy" }));
    const { metrics } = await watched.reported;
    watched.running.cancel("hard");
    expect(await watched.running.outcome).toBe("cancelled");
    expect(isRunning(Number(metrics["pid"]))).toBe(false);
  });
});

describe("starting", () => {
  test("workers that die while they start: an engine error with their last words", async () => {
    const starting = openPool(2, { init: { start: "exit" } });
    await expect(starting).rejects.toMatchObject({
      code: "engine",
      message: expect.stringMatching(
        /^No worker process can be started\. The last one exited with code 127; its last words:\nlibcudart/,
      ),
    });
  });

  test("what createRunner throws comes out as it was", async () => {
    await expect(openPool(1, { init: { start: "reject" } })).rejects.toMatchObject({
      message: expect.stringContaining("no engine here"),
    });
  });

  test("a module that is absent, or has no createRunner, is named", async () => {
    const absent = new URL("nowhere.mjs", import.meta.url).href;
    await expect(openPool(1, { runnerModule: absent })).rejects.toThrow("nowhere.mjs");
    const wrong = new URL("../../support/python.ts", import.meta.url).href;
    await expect(openPool(1, { runnerModule: wrong })).rejects.toThrow(
      "Expected a module that exports createRunner(init, slot)",
    );
  });

  test("a slot whose workers can't start is given up, and the others do its work", async () => {
    const lost: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => lost.push(message) };
    const pool = await openPool(2, { init: { start: "half" }, logger });
    const tasks = [0, 1].map(() => watch(pool, scriptedTask({ do: "complete" })));
    for (const task of tasks) expect((await task.running.outcome) as Outcome).toMatchObject({ state: "complete" });
    expect(tasks.flatMap(({ started }) => started.map(({ slot }) => slot.index))).toEqual([1, 1]);
    await until(() => lost.length === 3);
    await until(() => pool.free === 1);
  });

  test("a runner in TypeScript is loaded as it is", async () => {
    const pool = await openPool(1, {
      runnerModule: new URL("typed-runner.ts", import.meta.url).href,
      init: { greeting: "hello" },
    });
    expect(await outcomeOf(pool, scriptedTask({}))).toEqual({
      state: "complete",
      values: [5],
      metrics: { greeting: "hello" },
    });
  });

  test("wrong options are refused before anything starts", async () => {
    await expect(openPool(0)).rejects.toThrow("workers  Expected one worker or more. Received: 0.");
    await expect(openPool(1, { hangMs: 0 })).rejects.toThrow("hangMs");
    await expect(openPool(1, { retries: 0.5 })).rejects.toThrow("retries");
    await expect(openPool(1, { runnerModule: "./runner.mjs" })).rejects.toThrow("a file URL");
  });
});

describe("many at once", () => {
  /** Tasks of which some kill their worker once and some twice, by a seed. */
  const tasks = (count: number) => {
    const rng = createRng("crashes");
    return Array.from({ length: count }, (_, trial) => {
      const deed = rng.pick(["complete", "complete", "sigkill", "exit", "abort", "reject", "steps"]);
      return scriptedTask({ do: deed, deaths: rng.int(3), steps: 3 }, { trial, seed: trial });
    });
  };

  /** Runs them all, as many at once as there are workers; returns every end of every trial. */
  async function runAll(workers: number, count: number): Promise<Map<number, (Outcome | "cancelled")[]>> {
    const pool = await openPool(workers);
    const ends = new Map<number, (Outcome | "cancelled")[]>();
    const waiting = tasks(count);
    const lane = async (): Promise<void> => {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
        const { trial } = task;
        const outcome = await outcomeOf(pool, task);
        ends.set(trial, [...(ends.get(trial) ?? []), outcome]);
      }
    };
    await Promise.all(Array.from({ length: workers }, lane));
    return ends;
  }

  test("40 tasks on 4 workers, many of them crashing: every one ends once, as it must", async () => {
    const ends = await runAll(4, 40);
    expect(ends.size).toBe(40);
    for (const { trial, recipe } of tasks(40)) {
      const deadly = ["sigkill", "exit", "abort"].includes(String(recipe["do"]));
      const failed = recipe["do"] === "reject" || (deadly && recipe["deaths"] === 2);
      expect([trial, ends.get(trial)?.map((end) => (end as Outcome).state)]).toEqual([
        trial,
        [failed ? "failed" : "complete"],
      ]);
    }
  });

  test("outcomes are the same whatever the number of workers", async () => {
    const [one, three] = [await runAll(1, 12), await runAll(3, 12)];
    for (const [trial, end] of one) expect(three.get(trial)).toEqual(end);
  });
});

test("a worker sees its own GPU and no other, and computes on one thread", async () => {
  const pool = await openPool(2, { slots: [{ index: 0 }, { index: 1, gpu: 3 }] });
  const outcomes = [0, 1].map(() => watch(pool, scriptedTask({ do: "environment" })));
  for (const { running, started } of outcomes) {
    const { metrics } = (await running.outcome) as Outcome;
    expect(metrics).toMatchObject({ gpu: started[0]?.slot.gpu === 3 ? "3" : "", threads: "1" });
  }
});
