/**
 * @file The executor contract: where a trial runs. The executor knows workers, attempts, time and memory limits, crashes and
 * retries; it knows nothing of spaces or training. What a worker does with a task is in the module it is told to load.
 */
import type { Json } from "../base/canonical-json.ts";
import type { Logger } from "../base/logger.ts";
import type { Heartbeat, Outcome, Report, Task } from "../evaluators/evaluator.ts";

/** What a worker may use. */
export interface WorkerSlot {
  readonly index: number;
  /** Index of the only GPU it sees (CUDA_VISIBLE_DEVICES), or undefined for a CPU worker. */
  readonly gpu?: number;
}

/** How the parent hears of a running task. All callbacks come from the parent's own event loop. */
export interface TaskObserver {
  /** A worker took the task (again after a retry, with `attempt` + 1 and what became of the worker before: `was killed by SIGKILL`). */
  started(attempt: number, slot: WorkerSlot, previousDeath?: string): void;
  /** Answers whether the trial goes on. */
  report(report: Report): "continue" | "stop";
  heartbeat(beat: Heartbeat): void;
}

export interface RunningTask {
  /**
   * Resolves when the task has ended for good: an outcome, or `failed` with the reason after the last retry. Never rejects for what a trial
   * does; rejects with `engine` if no worker can be started any more, and with what the observer itself threw.
   */
  readonly outcome: Promise<Outcome | "cancelled">;
  /**
   * Asks it to end: `soft` after its running epoch, as pruned or as it is; `hard` at once (the worker is killed). A cancelled task resolves to
   * `"cancelled"`, unless it was complete, or pruned by an answer `stop`, before it heard of it.
   */
  cancel(how: "soft" | "hard"): void;
}

export interface Executor {
  readonly slots: readonly WorkerSlot[];
  /** How many tasks can be taken right now. A task taken while its worker is still being started waits for it. */
  readonly free: number;
  /** How many workers are being started, and so keep the machine busy. Absent: none ever are. */
  readonly starting?: number;
  /** Hands a task to a free worker. Throws `internal` if none is free, `engine` if no worker can be started any more (`free` is then 1: see it throw). */
  run(task: Task, observer: TaskObserver): RunningTask;
  /** Ends every worker; running tasks are cancelled. */
  close(): Promise<void>;
}

/** Built-in policy numbers of a worker pool. */
export interface PoolOptions {
  readonly slots: readonly WorkerSlot[];
  /** File URL of the module that each worker loads. It exports `createRunner: CreateRunner`. */
  readonly runnerModule: string;
  /** Passed to `createRunner` in each worker. */
  readonly init: Json;
  /** How many times a trial whose worker died is given to another. Default 1. */
  readonly retries?: number;
  /** A worker that has sent nothing for this long is killed. Default 120,000. */
  readonly hangMs?: number;
  /** Hears what workers print (debug) and of workers that are replaced (warn). */
  readonly logger?: Logger;
}

/** What a worker module exports. `signal` is aborted for a soft cancel. */
export type CreateRunner = (init: Json, slot: WorkerSlot) => Promise<Runner>;

export interface Runner {
  run(
    task: Task,
    io: {
      report(report: Report): Promise<"continue" | "stop">;
      heartbeat(beat: Heartbeat): void;
      readonly signal: AbortSignal;
    },
  ): Promise<Outcome>;
  close?(): Promise<void>;
}
