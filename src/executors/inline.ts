/**
 * @file Trials in this very process, for tests, benchmark tables and evaluators that cost nothing. The same contract, less what only a
 * process can give: a crash takes everything down, memory is not watched, and a trial that never yields is never stopped; one that is
 * stopped (time limit, hard cancel) is no longer listened to, but runs on until it heeds its signal.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Executor, Runner, WorkerSlot } from "./executor.ts";
import { conclude, findBrokenLimit, newJob, type Job } from "./job.ts";
import { checkedHeartbeat, checkedReport, outcomeOf } from "./messages.ts";

export interface InlineOptions {
  /** How many tasks may be in flight at once, interleaved on one thread. Default 1. */
  readonly concurrency?: number;
}

/** Returns an executor that runs tasks with `runner` on this event loop. `close` closes the runner. */
export function openInlineExecutor(runner: Runner, { concurrency = 1 }: InlineOptions = {}): Executor {
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new CellwrightError("config", expected("concurrency", "a whole number of 1 or more", concurrency));
  const slots: readonly WorkerSlot[] = Array.from({ length: concurrency }, (_, index) => ({ index }));
  const taken = new Map<Job, { readonly slot: WorkerSlot; readonly abort: AbortController; timer?: NodeJS.Timeout }>();
  let closed = false;

  function end(job: Job, action: () => void): void {
    const place = taken.get(job);
    if (place === undefined) return;
    clearTimeout(place.timer);
    taken.delete(job);
    action();
  }

  async function start(job: Job, slot: WorkerSlot, abort: AbortController): Promise<void> {
    // As from a worker: nothing is heard before `run` has returned.
    await Promise.resolve();
    if (!taken.has(job)) return;
    try {
      job.observer.started(job.attempt, slot);
      const outcome = await outcomeOf(
        async () =>
          runner.run(job.task, {
            report: async (value) => {
              const report = checkedReport(value, job.task);
              await Promise.resolve();
              if (!taken.has(job)) return "stop";
              const answer = observe(job, () => job.observer.report(report)) ?? "stop";
              if (answer === "stop") job.stopped = true;
              return answer;
            },
            heartbeat: (value) => {
              const beat = checkedHeartbeat(value, job.task);
              if (beat !== undefined && taken.has(job)) observe(job, () => job.observer.heartbeat(beat));
            },
            signal: abort.signal,
          }),
        () => {},
      );
      end(job, () => job.settle(conclude(job, outcome)));
    } catch (error) {
      end(job, () => job.reject(error));
    }
  }

  function observe<T>(job: Job, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      taken.get(job)?.abort.abort();
      end(job, () => job.reject(error));
      return undefined;
    }
  }

  function cancel(job: Job, how: "soft" | "hard"): void {
    const place = taken.get(job);
    if (place === undefined) return;
    job.cancelled = how;
    place.abort.abort();
    if (how === "hard") end(job, () => job.settle("cancelled"));
  }

  return {
    slots,
    get free() {
      return closed ? 0 : concurrency - taken.size;
    },
    run(task, observer) {
      if (closed) throw new CellwrightError("internal", "Expected an open executor. Received: a closed one.");
      const slot = slots.find(({ index }) => ![...taken.values()].some((place) => place.slot.index === index));
      if (slot === undefined)
        throw new CellwrightError("internal", "Expected a free worker. Received: a task while all are busy.");
      const job = newJob(task, observer, 0);
      const abort = new AbortController();
      const { timeMs } = task.limits;
      const timer = timeMs === undefined ? undefined : setTimeout(() => overTime(job, abort), timeMs);
      taken.set(job, { slot, abort, ...(timer !== undefined && { timer }) });
      void start(job, slot, abort);
      return { outcome: job.outcome, cancel: (how) => cancel(job, how) };
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const job of taken.keys()) cancel(job, "hard");
      await runner.close?.();
    },
  };

  function overTime(job: Job, abort: AbortController): void {
    job.elapsedMs = Number.POSITIVE_INFINITY;
    const reason = findBrokenLimit(job, undefined) ?? "";
    abort.abort();
    end(job, () => job.settle({ state: "failed", reason, metrics: {} }));
  }
}
