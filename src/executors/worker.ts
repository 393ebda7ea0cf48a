/**
 * @file What a worker process runs. It loads the runner's module, does one task at a time, and says often that it is alive. It
 * outlives its parent in no case: when the channel closes it ends itself, and a thread beside it does so even while a native step
 * keeps this one busy. Ctrl-C is the parent's to act on.
 */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { CellwrightError, messageOf } from "../base/errors.ts";
import type { Heartbeat, Task } from "../evaluators/evaluator.ts";
import type { CreateRunner, Runner } from "./executor.ts";
import { goFirstWithoutMemory } from "./memory.ts";
import {
  checkedHeartbeat,
  checkedReport,
  outcomeOf,
  readToWorker,
  type FromWorker,
  type ToWorker,
} from "./messages.ts";

/** Heartbeats of a running task are thinned to this: the live view needs no more. */
const HEARTBEAT_MS = 200;

goFirstWithoutMemory();
process.on("SIGINT", () => {});
process.on("disconnect", endAtOnce);
new Worker(new URL("parent-watch.js", import.meta.url), {
  // From the parent itself: it may be gone before this line, and then its successor's number would be taken for its own.
  workerData: Number(process.argv[2]),
  // It reads one number twice a second; the defaults would reserve far more.
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 8, stackSizeMb: 1 },
}).unref();

let runner: Runner | undefined;
let running: { readonly task: Task; readonly abort: AbortController } | undefined;
let lastBeat = 0;
let beatMs = 1000;
let lastHeartbeat = Number.NEGATIVE_INFINITY;
let reports = 0;
const answers = new Map<number, (answer: "continue" | "stop") => void>();

process.on("message", (message: unknown) => {
  const read = readToWorker(message);
  switch (read.kind) {
    case "start":
      void start(read);
      return;
    case "run":
      void runTask(read.task);
      return;
    case "answer":
      answers.get(read.id)?.(read.answer);
      answers.delete(read.id);
      return;
    case "cancel":
      if (running?.task.trial === read.trial && running.task.attempt === read.attempt) running.abort.abort();
      return;
    case "exit":
      void leave();
      return;
    case "malformed":
      throw new CellwrightError("internal", `The parent sent a malformed message: ${read.complaint}`);
  }
});

async function start(message: Extract<ToWorker, { kind: "start" }>): Promise<void> {
  beatMs = message.beatMs;
  beat();
  setInterval(beat, beatMs);
  try {
    const createRunner = await loadRunner(message.runnerModule);
    runner = await createRunner(message.init, message.slot);
    send({ kind: "ready" });
  } catch (error) {
    const code = error instanceof CellwrightError ? error.code : "engine";
    // Anything but our own error is a fault in a module: its stack says where.
    const text =
      error instanceof Error && !(error instanceof CellwrightError) ? (error.stack ?? error.message) : messageOf(error);
    send({ kind: "cannot-start", code, message: text });
  }
}

async function loadRunner(url: string): Promise<CreateRunner> {
  const module: unknown = /\.[cm]?ts$/.test(url) ? await loadTypeScript(fileURLToPath(url)) : await import(url);
  const create = z
    .object({ createRunner: z.custom<CreateRunner>((value) => typeof value === "function") })
    .safeParse(module);
  if (!create.success)
    throw new CellwrightError(
      "config",
      `${url}  Expected a module that exports createRunner(init, slot). Received: one without.`,
    );
  return create.data.createRunner;
}

async function loadTypeScript(file: string): Promise<unknown> {
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url).import(file);
}

async function runTask(task: Task): Promise<void> {
  const abort = new AbortController();
  running = { task, abort };
  const outcome = await outcomeOf(
    async () =>
      runner!.run(task, {
        report: async (value) => {
          const report = checkedReport(value, task);
          const id = reports++;
          const answer = new Promise<"continue" | "stop">((resolve) => answers.set(id, resolve));
          send({ kind: "report", id, report });
          return answer;
        },
        heartbeat: (value) => heartbeat(value, task),
        signal: abort.signal,
      }),
    // The reason is one line; the stack goes to the log by way of stderr.
    (error) => console.error(error),
  );
  running = undefined;
  answers.clear();
  send({ kind: "outcome", trial: task.trial, attempt: task.attempt, outcome });
}

function heartbeat(value: Heartbeat, task: Task): void {
  if (performance.now() - lastHeartbeat < HEARTBEAT_MS) return;
  lastHeartbeat = performance.now();
  const checked = checkedHeartbeat(value, task);
  if (checked !== undefined) send({ kind: "heartbeat", heartbeat: checked });
  // A training loop that awaits only what is ready already never lets the timer run: its heartbeats keep it alive.
  if (performance.now() - lastBeat >= beatMs) beat();
}

function beat(): void {
  lastBeat = performance.now();
  send({ kind: "beat", rssBytes: process.memoryUsage.rss() });
}

function send(message: FromWorker): void {
  if (!process.connected) endAtOnce();
  process.send!(message);
}

async function leave(): Promise<void> {
  await runner?.close?.();
  process.exit(0);
}

/** Not `process.exit`, which waits for native work in the thread pool. */
function endAtOnce(): void {
  process.kill(process.pid, "SIGKILL");
}
