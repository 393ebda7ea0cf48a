/**
 * @file The executor of one machine: a pool of worker processes, one task at a time in each. A worker that crashes, hangs, says nonsense or
 * is killed is replaced and costs its trial one of its tries; nothing else notices. A trial's outcome does not depend on how many
 * workers there are or which of them ran it.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Task } from "../evaluators/evaluator.ts";
import type { Executor, PoolOptions, RunningTask, TaskObserver, WorkerSlot } from "./executor.ts";
import { conclude, concludeDeath, findBrokenLimit, newJob, type Job } from "./job.ts";
import type { FromWorker } from "./messages.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

const HANG_MS = 120_000;
/** A process that has not said its first word yet may be waiting for a disk. */
const FIRST_WORD_MS = 30_000;
const BEAT_MS = 1000;
const TICK_MS = 200;
/** Waits before a worker that died while it started is started again; after the last of them its slot is given up. */
const START_DELAYS_MS: readonly number[] = [200, 2000];

/** A slot and the worker that sits in it. */
interface Seat {
  readonly slot: WorkerSlot;
  state: "starting" | "idle" | "busy" | "waiting" | "leaving" | "lost";
  worker: WorkerProcess | undefined;
  job: Job | undefined;
  /** How many workers in a row died before they were ready. */
  failedStarts: number;
  /** Whether this worker has run a task: its memory may hold remains. */
  used: boolean;
  spoke: boolean;
  silentMs: number;
  startTimer: NodeJS.Timeout | undefined;
}

/**
 * Starts the workers and resolves when the first is ready for tasks. Throws what `createRunner` threw, with its code, or `engine` with the last
 * words of a worker if none can be started.
 */
export async function openProcessPool(options: PoolOptions): Promise<Executor> {
  validateOptions(options);
  const pool = createPool(options);
  try {
    await pool.opened;
  } catch (error) {
    await pool.executor.close();
    throw error;
  }
  return pool.executor;
}

function createPool(options: PoolOptions): { readonly executor: Executor; readonly opened: Promise<void> } {
  const { runnerModule, init, retries = 1, hangMs = HANG_MS, logger = silentLogger } = options;
  const seats: readonly Seat[] = options.slots.map((slot) => ({
    slot,
    state: "starting",
    worker: undefined,
    job: undefined,
    failedStarts: 0,
    used: false,
    spoke: false,
    silentMs: 0,
    startTimer: undefined,
  }));
  const queue: Job[] = [];
  const jobs = new Set<Job>();
  const tickMs = Math.min(TICK_MS, hangMs / 4);
  let everReady = false;
  let broken: CellwrightError | undefined;
  let closing: Promise<void> | undefined;
  let resolveOpened!: () => void;
  let rejectOpened!: (error: CellwrightError) => void;
  const opened = new Promise<void>((resolve, reject) => {
    resolveOpened = resolve;
    rejectOpened = reject;
  });

  function startWorker(seat: Seat): void {
    seat.state = "starting";
    seat.used = false;
    seat.spoke = false;
    seat.silentMs = 0;
    let startError: CellwrightError | undefined;
    seat.worker = startWorkerProcess(seat.slot, logger, {
      message(message) {
        seat.silentMs = 0;
        seat.spoke = true;
        if (message.kind !== "cannot-start") hear(seat, message);
        else {
          startError = new CellwrightError(message.code, message.message);
          seat.worker?.kill(`could not start: ${message.message}`);
        }
      },
      gone: (reason) => bury(seat, reason, startError),
    });
    seat.worker.send({ kind: "start", runnerModule, init, slot: seat.slot, beatMs: Math.min(BEAT_MS, hangMs / 4) });
  }

  function hear(seat: Seat, message: Exclude<FromWorker, { kind: "cannot-start" }>): void {
    const { job } = seat;
    switch (message.kind) {
      case "ready":
        everReady = true;
        seat.failedStarts = 0;
        seat.state = "idle";
        resolveOpened();
        dispatch();
        return;
      case "beat":
        return;
      case "report":
        if (job === undefined || !isCurrent(job, message.report)) return;
        job.quietMs = 0;
        guarded(seat, job, () => {
          const answer = job.observer.report(message.report);
          if (answer === "stop") job.stopped = true;
          seat.worker?.send({ kind: "answer", id: message.id, answer });
        });
        return;
      case "heartbeat":
        if (job === undefined || !isCurrent(job, message.heartbeat)) return;
        job.quietMs = 0;
        job.stallMs = message.heartbeat.nextWithinMs;
        guarded(seat, job, () => job.observer.heartbeat(message.heartbeat));
        return;
      case "outcome":
        if (job === undefined || !isCurrent(job, message)) return;
        free(seat);
        settle(job, conclude(job, message.outcome));
        dispatch();
    }
  }

  /** What the observer throws is the study's own failure: it comes out of the task's promise, and the trial stops. */
  function guarded(seat: Seat, job: Job, action: () => void): void {
    try {
      action();
    } catch (error) {
      jobs.delete(job);
      job.reject(error);
      seat.job = undefined;
      seat.worker?.kill("was stopped with its study");
    }
  }

  function dispatch(): void {
    if (closing !== undefined) return;
    for (const seat of seats) {
      const job = queue[0];
      if (job === undefined) return;
      if (seat.state !== "idle") continue;
      if (holdsRemains(seat, job.task)) {
        seat.state = "leaving";
        void seat.worker?.leave();
        continue;
      }
      queue.shift();
      seat.state = "busy";
      seat.used = true;
      seat.job = job;
      guarded(seat, job, () => {
        job.observer.started(job.attempt, seat.slot, job.deaths.at(-1));
        seat.worker?.send({ kind: "run", task: { ...job.task, attempt: job.attempt } });
      });
    }
  }

  /** The worker of this seat is gone: what becomes of its task, and of the seat. */
  function bury(seat: Seat, reason: string, startError: CellwrightError | undefined): void {
    const { job, state } = seat;
    seat.worker = undefined;
    seat.job = undefined;
    if (job !== undefined) {
      const end = concludeDeath(job, reason);
      if (end === "again") {
        logger.warn("a worker died; its trial is tried again", { trial: job.task.trial, attempt: job.attempt, reason });
        queue.unshift(job);
      } else settle(job, end);
    }
    if (closing !== undefined) return;
    if (job === undefined && state === "idle") logger.warn("an idle worker died", { worker: seat.slot.index, reason });
    if (state === "starting") retryStart(seat, reason, startError);
    else startWorker(seat);
  }

  function retryStart(seat: Seat, reason: string, startError: CellwrightError | undefined): void {
    const delay = START_DELAYS_MS[seat.failedStarts];
    seat.failedStarts++;
    logger.warn("a worker could not start", { worker: seat.slot.index, reason });
    // What the runner's module says of itself before any worker was ready, it would say again.
    if (delay !== undefined && (startError === undefined || everReady)) {
      seat.state = "waiting";
      seat.startTimer = setTimeout(() => startWorker(seat), delay);
      return;
    }
    seat.state = "lost";
    if (seats.some(({ state }) => state !== "lost")) return;
    broken = startError ?? new CellwrightError("engine", `No worker process can be started. The last one ${reason}`);
    rejectOpened(broken);
    for (const job of jobs) job.reject(broken);
    jobs.clear();
    queue.length = 0;
  }

  function free(seat: Seat): void {
    seat.job = undefined;
    seat.state = "idle";
  }

  function settle(job: Job, outcome: Parameters<Job["settle"]>[0]): void {
    if (jobs.delete(job)) job.settle(outcome);
  }

  let lastTick = performance.now();
  const ticker = setInterval(() => {
    const now = performance.now();
    // If this process slept (a closed lid, Ctrl-Z), so perhaps did the workers: the time does not count against them.
    const passedMs = Math.min(now - lastTick, 2 * tickMs);
    lastTick = now;
    for (const seat of seats) watch(seat, passedMs);
  }, tickMs);

  function watch(seat: Seat, passedMs: number): void {
    const { worker, job } = seat;
    if (worker === undefined || seat.state === "leaving") return;
    seat.silentMs += passedMs;
    const patienceMs = seat.spoke ? hangMs : Math.max(hangMs, FIRST_WORD_MS);
    if (seat.silentMs > patienceMs) worker.kill(`hung: nothing was heard of it for ${Math.round(patienceMs)} ms`);
    if (job === undefined || job.brokenLimit !== undefined) return;
    job.elapsedMs += passedMs;
    job.quietMs += passedMs;
    // Its event loop may turn all the same: work that hangs on another thread, or in a driver, does not stop that.
    if (job.stallMs !== undefined && job.quietMs > job.stallMs)
      worker.kill(`hung: its trial made no progress for ${Math.round(job.stallMs)} ms`);
    job.brokenLimit = findBrokenLimit(
      job,
      job.task.limits.memoryBytes === undefined ? undefined : worker.residentBytes(),
    );
    if (job.brokenLimit !== undefined) worker.kill("broke a limit");
  }

  function run(task: Task, observer: TaskObserver): RunningTask {
    if (broken !== undefined) throw broken;
    if (closing !== undefined)
      throw new CellwrightError("internal", "Expected an open executor. Received: a closed one.");
    if (executor.free === 0)
      throw new CellwrightError("internal", "Expected a free worker. Received: a task while all are busy.");
    const job = newJob(task, observer, retries);
    jobs.add(job);
    queue.push(job);
    dispatch();
    return { outcome: job.outcome, cancel: (how) => cancel(job, how) };
  }

  function cancel(job: Job, how: "soft" | "hard"): void {
    if (!jobs.has(job) || job.cancelled === "hard") return;
    job.cancelled = how;
    const seat = seats.find((each) => each.job === job);
    if (seat === undefined) {
      queue.splice(queue.indexOf(job), 1);
      settle(job, "cancelled");
    } else if (how === "hard") seat.worker?.kill("was cancelled");
    else seat.worker?.send({ kind: "cancel", trial: job.task.trial, attempt: job.attempt });
  }

  async function shut(): Promise<void> {
    clearInterval(ticker);
    for (const job of jobs) cancel(job, "hard");
    for (const seat of seats) clearTimeout(seat.startTimer);
    await Promise.all(seats.map(async ({ worker }) => worker?.leave()));
  }

  const executor: Executor = {
    slots: options.slots,
    get free() {
      if (closing !== undefined) return 0;
      if (broken !== undefined) return 1;
      return Math.max(0, seats.filter(({ state }) => state !== "lost").length - jobs.size);
    },
    get starting() {
      return seats.filter(({ state }) => state === "starting").length;
    },
    run,
    close: async () => (closing ??= shut()),
  };
  for (const seat of seats) startWorker(seat);
  return { executor, opened };
}

/** Whether a report or outcome is of the attempt that runs: those of a dead one are dropped. */
function isCurrent(job: Job, from: { readonly trial: number; readonly attempt: number }): boolean {
  return from.trial === job.task.trial && from.attempt === job.attempt;
}

/** Whether what earlier trials left in a worker's memory could break the next one's limit. */
function holdsRemains(seat: Seat, task: Task): boolean {
  const { memoryBytes } = task.limits;
  if (!seat.used || memoryBytes === undefined) return false;
  return (seat.worker?.residentBytes() ?? 0) > memoryBytes / 2;
}

function validateOptions({ slots, runnerModule, retries = 0, hangMs = HANG_MS }: PoolOptions): void {
  if (slots.length === 0) throw new CellwrightError("config", expected("workers", "one worker or more", 0));
  if (!runnerModule.startsWith("file:"))
    throw new CellwrightError("internal", expected("runnerModule", "a file URL", runnerModule));
  if (!Number.isInteger(retries) || retries < 0)
    throw new CellwrightError("config", expected("retries", "a whole number of 0 or more", retries));
  if (!(hangMs > 0)) throw new CellwrightError("config", expected("hangMs", "a time above 0 ms", hangMs));
}
