/** @file One task on its way through the workers: its attempts, its limits, and how it ends. Knows nothing of processes. */
import { formatBytes, formatDuration } from "../base/units.ts";
import type { Outcome, Task } from "../evaluators/evaluator.ts";
import type { TaskObserver } from "./executor.ts";

export interface Job {
  readonly task: Task;
  readonly observer: TaskObserver;
  readonly outcome: Promise<Outcome | "cancelled">;
  /** The running attempt; the task's own first. */
  attempt: number;
  /** Workers it may still cost. */
  lives: number;
  cancelled: "no" | "soft" | "hard";
  /** The observer has answered `stop` in this attempt. */
  stopped: boolean;
  /** Time that its running attempt has had. */
  elapsedMs: number;
  /** Time since it showed progress, and how much of that it said to be a hang. */
  quietMs: number;
  stallMs: number | undefined;
  /** A limit that it broke: the reason with which it fails, without another try. */
  brokenLimit: string | undefined;
  readonly deaths: string[];
  settle(outcome: Outcome | "cancelled"): void;
  reject(error: unknown): void;
}

export function newJob(task: Task, observer: TaskObserver, retries: number): Job {
  let settle!: Job["settle"];
  let reject!: Job["reject"];
  const outcome = new Promise<Outcome | "cancelled">((resolvePromise, rejectPromise) => {
    settle = resolvePromise;
    reject = rejectPromise;
  });
  return {
    task,
    observer,
    outcome,
    attempt: task.attempt,
    lives: retries + 1,
    cancelled: "no",
    stopped: false,
    elapsedMs: 0,
    quietMs: 0,
    stallMs: undefined,
    brokenLimit: undefined,
    deaths: [],
    settle,
    reject,
  };
}

/** Returns how a job ends whose runner ended with `outcome`: a result that was there before the cancelling is a result. */
export function conclude(job: Job, outcome: Outcome): Outcome | "cancelled" {
  if (job.cancelled === "no" || outcome.state === "complete") return outcome;
  return outcome.state === "pruned" && job.stopped ? outcome : "cancelled";
}

/** Returns how a job ends whose worker died for `reason`, or `again` with the next attempt counted. */
export function concludeDeath(job: Job, reason: string): Outcome | "cancelled" | "again" {
  if (job.cancelled !== "no") return "cancelled";
  if (job.brokenLimit !== undefined) return { state: "failed", reason: job.brokenLimit, metrics: {} };
  job.deaths.push(reason);
  job.lives--;
  if (job.lives <= 0) return { state: "failed", reason: deathReason(job.deaths), metrics: {} };
  job.attempt++;
  job.stopped = false;
  job.elapsedMs = 0;
  job.quietMs = 0;
  job.stallMs = undefined;
  return "again";
}

/** Returns the limit that a job with this resident memory and time has broken, in words. */
export function findBrokenLimit(job: Job, residentBytes: number | undefined): string | undefined {
  const { memoryBytes, timeMs } = job.task.limits;
  if (memoryBytes !== undefined && residentBytes !== undefined && residentBytes > memoryBytes)
    return `It went over its memory limit of ${formatBytes(memoryBytes)}: its worker held ${formatBytes(residentBytes)}.`;
  if (timeMs !== undefined && job.elapsedMs > timeMs)
    return `It went over its time limit of ${formatDuration(timeMs)}.`;
  return undefined;
}

function deathReason(deaths: readonly string[]): string {
  const last = deaths.at(-1) ?? "";
  if (deaths.length === 1) return `It killed its worker, which ${last}`;
  return `It killed ${deaths.length} workers; the last one ${last}`;
}
