/**
 * @file A runner that does what its task's recipe says, for the tests of executors: `do` names the deed; a deed that ends the worker is done
 * in attempts below `deaths` (default: all), and the task completes in the next.
 */
import { setTimeout as sleep } from "node:timers/promises";

const metrics = () => ({ pid: process.pid });

/** Deeds that end a worker, each in its own way. */
const DEATHS = {
  /** Says when it will be heard of again, and never is; its event loop turns. */
  stall: (task, io) =>
    io.heartbeat({
      trial: task.trial,
      attempt: task.attempt,
      imagesTrained: 0,
      fraction: 0,
      nextWithinMs: task.recipe.withinMs,
    }),
  abort: () => process.abort(),
  sigkill: () => process.kill(process.pid, "SIGKILL"),
  exit: () => process.exit(3),
  throw: () => setImmediate(() => Promise.reject(new Error("nobody awaits this"))),
  loop: () => {
    for (;;);
  },
  garbage: () => process.send("garbage"),
  wrong: () => process.send({ kind: "outcome", trial: 0, attempt: 0, outcome: { state: "splendid" } }),
  words: () => {
    console.error("first words\nthe kernel is out of patience");
    process.exit(7);
  },
};

const DEEDS = {
  complete: async (task) => ({
    state: "complete",
    values: [task.seed / 7],
    metrics: { loss: Number.NaN, engine: "none" },
  }),
  steps: async (task, io) => {
    for (let step = 1; step <= task.recipe.steps; step++) {
      io.heartbeat({
        trial: task.trial,
        attempt: task.attempt,
        imagesTrained: step,
        fraction: step / task.recipe.steps,
      });
      const report = { trial: task.trial, attempt: task.attempt, step, values: [step / 10], metrics: metrics() };
      if ((await io.report(report)) === "stop") return { state: "pruned", values: [step / 10], metrics: {} };
    }
    return { state: "complete", values: [task.recipe.steps / 10], metrics: {} };
  },
  reject: async () => {
    throw new Error("the data ran out");
  },
  rejectAtOnce: () => {
    throw new Error("not even a promise");
  },
  rejectWithNothing: async () => {
    throw undefined;
  },
  nothing: async () => 42,
  wrongReport: async (task, io) =>
    io.report({ trial: task.trial, attempt: task.attempt, step: 1, values: "high", metrics: {} }),
  wrongStep: async (task, io) =>
    io.report({ trial: task.trial, attempt: task.attempt, step: Number.NaN, values: [1], metrics: {} }),
  /** Reports once, then waits to be told to end. */
  wait: async (task, io) => {
    const aborted = new Promise((resolve) => io.signal.addEventListener("abort", resolve));
    await io.report({ trial: task.trial, attempt: task.attempt, step: 1, values: [0], metrics: metrics() });
    await aborted;
    if (task.recipe.end === "complete") return { state: "complete", values: [1], metrics: {} };
    return { state: "pruned", values: [0], metrics: {} };
  },
  /** Reports once, then never ends and heeds nothing. */
  stay: async (task, io) => {
    await io.report({ trial: task.trial, attempt: task.attempt, step: 1, values: [0], metrics: metrics() });
    return new Promise(() => {});
  },
  /** Reports once, then keeps the event loop to itself for ever. */
  busy: async (task, io) => {
    await io.report({ trial: task.trial, attempt: task.attempt, step: 1, values: [0], metrics: metrics() });
    for (;;);
  },
  /** Trains as an engine that never yields does: everything it awaits is there already. */
  microtasks: async (task, io) => {
    const until = Date.now() + task.recipe.ms;
    for (let step = 0; Date.now() < until; step++) {
      await Promise.resolve();
      io.heartbeat({ trial: task.trial, attempt: task.attempt, imagesTrained: step, fraction: 0.5 });
    }
    return { state: "complete", values: [1], metrics: {} };
  },
  /** Promises to be heard of again, over and over for `ms`; or promises once, takes it back and is silent for `ms`. */
  promises: async (task, io) => {
    const { ms, withinMs, takesBack } = task.recipe;
    const beat = (more) =>
      io.heartbeat({ trial: task.trial, attempt: task.attempt, imagesTrained: 0, fraction: 0, ...more });
    beat({ nextWithinMs: withinMs });
    // Beats are thinned to one in 200 ms.
    await sleep(300);
    if (takesBack) {
      beat({});
      await sleep(ms);
    } else for (const until = Date.now() + ms; Date.now() < until; await sleep(100)) beat({ nextWithinMs: withinMs });
    return { state: "complete", values: [1], metrics: {} };
  },
  hog: async (task) => {
    const held = [];
    for (let size = 0; size < task.recipe.bytes; size += 2 ** 24) {
      held.push(Buffer.alloc(2 ** 24, 1));
      await sleep(5);
    }
    await sleep(task.recipe.holdMs ?? 60_000);
    return { state: "complete", values: [held.length], metrics: {} };
  },
  environment: async () => ({
    state: "complete",
    values: [],
    metrics: {
      pid: process.pid,
      gpu: process.env.CUDA_VISIBLE_DEVICES ?? "unset",
      threads: process.env.OMP_NUM_THREADS ?? "unset",
    },
  }),
};

/** `init` may say how starting goes: `{ start: "reject" | "exit" | "exit-unless:<file>" }`. */
export async function createRunner(init, slot) {
  if (init?.start === "reject") throw new Error("no engine here");
  if (init?.start === "exit") {
    console.error("libcudart.so.12: cannot open shared object file");
    process.exit(127);
  }
  if (init?.start === "half" && slot.index === 0) process.exit(9);
  return {
    run: (task, io) => {
      const death = DEATHS[task.recipe.do];
      if (death === undefined) return DEEDS[task.recipe.do](task, io);
      if (task.attempt >= (task.recipe.deaths ?? Infinity)) return DEEDS.complete(task, io);
      death(task, io);
      return new Promise(() => {});
    },
  };
}
