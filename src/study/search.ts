/**
 * @file The loop: asks, dispatches, listens, tells. Nothing goes back and forth with a worker but reports and stop; whoever reads
 * the event table can redo the study.
 */
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { CellwrightError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { formatCount } from "../base/units.ts";
import type { Outcome, Task } from "../evaluators/evaluator.ts";
import type { Executor, RunningTask } from "../executors/executor.ts";
import { countRefusal, isRare, NONE_REFUSED, noneMeet, rareText, refusalText } from "../search/constraints.ts";
import type { Storage, StepRecord, TrialRecord } from "../storage/storage.ts";
import { measuresLatency, rejectedOutcome } from "./admission.ts";
import { watchBudget, type EndReason } from "./budget.ts";
import type { StudyDefinition } from "./definition.ts";
import type { StudyEvent } from "./events.ts";
import type { Ledger, OpenTrial } from "./ledger.ts";
import { measuredBy } from "./measured.ts";
import { refusedOf } from "./refusals.ts";

export interface SearchContext {
  readonly definition: StudyDefinition;
  readonly storage: Storage;
  readonly ledger: Ledger;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Folder of a trial's own files. */
  readonly trialDir: (number: number) => string;
  readonly emit: (event: StudyEvent) => void;
  /** Called while the last trials run, `undecided` of them, and a worker has nothing more to search: it may be given other work. */
  readonly onSpareWorker?: (undecided: number) => Promise<void>;
  /** Stops after the running epochs. */
  readonly signal: AbortSignal;
  /** Stops at once. */
  readonly hardSignal: AbortSignal;
}

type StopReason = EndReason | "controller-done" | "interrupt";

/** How often the wall time spent is stored: at most this much of a budget is forgotten by `kill -9`. */
const ELAPSED_TICK_MS = 2_000;
const IDLE_POLL_MS = 50;
/** Proposals in a row that were refused without training before the search gives up. */
const MAX_REJECTED_IN_A_ROW = 1_000;
/** Duplicates in a row with nothing to train between them, after which a search that has no number of trials to make has nothing new to try. */
const MAX_DUPLICATES_IN_A_ROW = 300;
/** Twins of running trials, per trial that may run, that may wait for a result; with more of them, proposing waits too. */
const PARKED_PER_RUNNING = 4;

/** Searches until the budget is spent, the controller is done or a signal stops it. Throws where going on is pointless. */
export async function search(context: SearchContext): Promise<{ reason: StopReason; kept: number }> {
  const { definition, storage, ledger, executor, clock, logger, emit } = context;
  const budget = watchBudget(definition.budget ?? {}, ledger.objectives[0], clock, storage.study.elapsedMs);
  const parallelism = definition.parallelism ?? executor.slots.length;
  const waiting = ledger.takeUnfinished();
  const running = new Map<number, { readonly open: OpenTrial; readonly task: RunningTask; readonly key: string }>();
  /** Trials that compute what a running one computes: they take its result when it is there. */
  const parked = new Map<string, OpenTrial[]>();
  const settled: { readonly number: number; readonly outcome: Outcome | "cancelled" }[] = [];
  const pendingWrites = new Map<number, Promise<void>[]>();
  const failures = { finished: 0, failed: 0, inARow: NONE_REFUSED };
  let duplicatesInARow = 0;
  /**
   * Whether proposals are measured: then trials go in rounds, so that a latency is taken while nothing else runs. A round begins when no trial does, measures as many
   * candidates as may run, and hands them over together.
   */
  const inRounds = measuresLatency(definition);
  const round: OpenTrial[] = [];
  const measured = measuredBy(definition.evaluator, ledger.objectives);
  let wake: () => void = () => {};
  const state: { stop: StopReason | undefined; fatal: CellwrightError | undefined } = {
    stop: undefined,
    fatal: undefined,
  };
  let storedMs = storage.study.elapsedMs;

  const storeElapsed = async (): Promise<void> => {
    const now = budget.elapsedMs();
    const delta = now - storedMs;
    storedMs = now;
    await storage.addElapsed(delta);
  };
  const halt = (reason: StopReason, how?: "soft" | "hard"): void => {
    // An interrupt outranks a spent budget: what still runs is kept for `resume`.
    if (state.stop === undefined || (reason === "interrupt" && state.stop !== "interrupt")) {
      state.stop = reason;
      emit({ kind: "stopping", reason: reason === "trials" || reason === "time" ? "budget" : reason });
    }
    if (how !== undefined) for (const { task } of running.values()) task.cancel(how);
    wake();
  };
  const fail = (error: unknown): void => {
    state.fatal ??=
      error instanceof CellwrightError ? error : new CellwrightError("internal", String(error), { cause: error });
    for (const { task } of running.values()) task.cancel("hard");
    wake();
  };

  const onSoft = (): void => halt("interrupt", "soft");
  const onHard = (): void => halt("interrupt", "hard");
  context.signal.addEventListener("abort", onSoft);
  context.hardSignal.addEventListener("abort", onHard);
  if (context.signal.aborted) onSoft();
  const interrupted = AbortSignal.any([context.signal, context.hardSignal]);
  const tick = setInterval(() => void storeElapsed().catch(fail), ELAPSED_TICK_MS);

  const dispatch = (open: OpenTrial): void => {
    const { record, admission } = open;
    const number = record.number;
    const key = keyOf(open);
    duplicatesInARow = 0;
    const writes: Promise<void>[] = [];
    pendingWrites.set(number, writes);
    const write = (promise: Promise<void>): void => {
      writes.push(promise.catch(fail));
    };
    const task: Task = {
      trial: number,
      attempt: record.attempts,
      phase: "search",
      genotype: record.proposal.genotype,
      skeleton: definition.skeleton ?? {},
      recipe: admission.recipe,
      ...(record.proposal.epochs !== undefined && { epochs: record.proposal.epochs }),
      seed: record.seed,
      dir: context.trialDir(number),
      ...(record.proposal.continueFrom !== undefined && {
        continueFrom: context.trialDir(record.proposal.continueFrom),
      }),
      limits: limitsOf(definition),
    };
    const runningTask = executor.run(task, {
      started(attempt, slot, previousDeath) {
        write(storage.setAttempts(number, attempt + 1));
        if (attempt > task.attempt) {
          emit({ kind: "trial-retried", number, attempt, reason: previousDeath ?? "its worker died" });
        } else emit({ kind: "trial-started", trial: record, slot });
      },
      report(report) {
        const step: StepRecord = {
          trial: number,
          attempt: report.attempt,
          step: report.step,
          values: measured.values(report.values, record.metrics),
          metrics: report.metrics,
        };
        write(storage.addStep(step));
        emit({ kind: "trial-step", step });
        return ledger.pruner?.judge(step.step, step.values) ?? "continue";
      },
      heartbeat: (beat) => emit({ kind: "heartbeat", beat }),
    });
    running.set(number, { open, task: runningTask, key });
    runningTask.outcome.then((outcome) => {
      settled.push({ number, outcome: outcome === "cancelled" ? outcome : measured.outcome(outcome, record.metrics) });
      wake();
    }, fail);
  };

  const conclude = async (open: OpenTrial, outcome: Outcome, duplicateOf?: number): Promise<void> => {
    const { trial, isBest } = await ledger.finish(open.record.number, outcome, duplicateOf);
    emit({ kind: "trial-finished", trial, isBest });
    const rejected = outcome.metrics["rejected"] === true;
    if (!rejected) failures.inARow = NONE_REFUSED;
    if (duplicateOf !== undefined) duplicatesInARow++;
    if (rejected || duplicateOf !== undefined) return;
    failures.finished++;
    if (outcome.state !== "failed") return;
    failures.failed++;
    logger.warn("trial failed", { trial: trial.number, reason: outcome.reason });
    if (definition.failedTrials === "stop")
      fail(new CellwrightError("config", `trial ${trial.number} failed: ${outcome.reason} (failedTrials is "stop")`));
    else if (failures.finished >= 10 && failures.failed / failures.finished > (definition.maxFailedShare ?? 0.5))
      fail(
        new CellwrightError(
          "config",
          `${failures.failed} of ${failures.finished} trials failed, more than maxFailedShare allows. The last one: ${outcome.reason}`,
        ),
      );
  };

  const parkedCount = (): number => [...parked.values()].reduce((sum, twins) => sum + twins.length, 0);

  /** Gives an open trial its way: a refusal, a stored result, the wait for a running twin, or a worker. Returns whether it took a worker. */
  const place = async (open: OpenTrial): Promise<boolean> => {
    const { admission } = open;
    if (admission.rejected !== undefined) {
      failures.inARow = countRefusal(failures.inARow, admission.refusedBy ?? []);
      await conclude(open, rejectedOutcome(admission));
      return false;
    }
    const known = await storage.findResult(admission.canonicalId, admission.resultKey);
    if (known?.values !== undefined && known.state === "complete") {
      await conclude(open, { state: "complete", values: known.values, metrics: known.metrics }, known.number);
      return false;
    }
    const key = keyOf(open);
    if ([...running.values()].some((entry) => entry.key === key) || round.some((other) => keyOf(other) === key)) {
      parked.set(key, [...(parked.get(key) ?? []), open]);
      return false;
    }
    if (inRounds) round.push(open);
    else dispatch(open);
    return true;
  };
  const handOverRound = (): void => {
    for (let open = round.shift(); open !== undefined; open = round.shift()) dispatch(open);
  };

  const drain = async (): Promise<void> => {
    for (let entry = settled.shift(); entry !== undefined; entry = settled.shift()) {
      const { number, outcome } = entry;
      const ended = running.get(number);
      if (ended === undefined) continue;
      await Promise.all(pendingWrites.get(number) ?? []);
      pendingWrites.delete(number);
      running.delete(number);
      if (outcome === "cancelled") continue;
      // What every trial would meet (data, config) is not this trial's failure: it runs again when that is mended.
      if (outcome.state === "failed" && outcome.metrics["fatal"] === true) {
        fail(new CellwrightError("config", outcome.reason));
        continue;
      }
      await conclude(ended.open, outcome);
      const twins = parked.get(ended.key) ?? [];
      parked.delete(ended.key);
      waiting.unshift(...twins);
    }
  };

  const settle = async (open: OpenTrial): Promise<void> => {
    if (await place(open)) return;
    // What needs no worker takes no time: workers and signals are to be heard before the next.
    await turn();
    await drain();
  };

  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await drain();
      let stuck = false;
      while (
        state.fatal === undefined &&
        state.stop !== "interrupt" &&
        executor.free > round.length &&
        running.size + round.length < parallelism &&
        parkedCount() < PARKED_PER_RUNNING * parallelism
      ) {
        const next = waiting.shift();
        if (next !== undefined) {
          await settle(next);
          continue;
        }
        if (state.stop !== undefined) break;
        if (inRounds && (running.size > 0 || (executor.starting ?? 0) > 0)) break;
        const spent = budget.spent(ledger.started, ledger.best()?.value);
        if (spent !== undefined) {
          halt(spent);
          break;
        }
        if (failures.inARow.refused >= MAX_REJECTED_IN_A_ROW)
          throw noneMeet("proposals", MAX_REJECTED_IN_A_ROW, failures.inARow);
        if (definition.budget?.trials === undefined && duplicatesInARow >= MAX_DUPLICATES_IN_A_ROW) {
          const message = `The last ${MAX_DUPLICATES_IN_A_ROW} proposals were duplicates: there is nothing new to try.`;
          emit({ kind: "note", level: "info", message });
          halt("controller-done");
          break;
        }
        const proposed = await ledger.propose(interrupted).catch((error: unknown) => {
          if (interrupted.aborted) return "interrupted" as const;
          throw error;
        });
        if (proposed === "interrupted") break;
        if (proposed === "done") {
          halt("controller-done");
          break;
        }
        if (proposed === "wait") {
          stuck = running.size === 0 && round.length === 0;
          break;
        }
        await settle(proposed);
      }
      if (state.fatal === undefined && state.stop !== "interrupt") handOverRound();
      if (running.size === 0 && settled.length === 0) {
        if (state.fatal !== undefined) throw state.fatal;
        if (state.stop !== undefined && (state.stop === "interrupt" || waiting.length === 0)) break;
        if (stuck)
          throw new CellwrightError(
            "internal",
            `controller ${definition.controller.name}  Expected a proposal while nothing is in flight. Received: "wait".`,
          );
      }
      const isEnding = state.stop !== undefined && state.stop !== "interrupt" && state.fatal === undefined;
      if (isEnding && running.size > 0 && running.size < parallelism && parkedCount() === 0 && executor.free > 0)
        await context.onSpareWorker?.(running.size);
      // Nobody tells us of a worker that has become ready (at the start, or in place of a dead one), so look again soon.
      const idle = state.stop === undefined && running.size < parallelism;
      await (idle || running.size === 0 ? Promise.race([woken, sleep(IDLE_POLL_MS)]) : woken);
    }
    const trials = await storage.trials();
    noteRefusals(trials, emit);
    const kept = trials.filter((trial) => trial.state === "running").length;
    return { reason: state.stop, kept };
  } finally {
    // Nothing runs here unless something was thrown.
    for (const { task } of running.values()) task.cancel("hard");
    await Promise.all([...pendingWrites.values()].flat());
    clearInterval(tick);
    context.signal.removeEventListener("abort", onSoft);
    context.hardSignal.removeEventListener("abort", onHard);
    await storeElapsed();
  }
}

function keyOf(open: OpenTrial): string {
  return `${open.admission.canonicalId}/${open.admission.resultKey}`;
}

/** Says how many candidates the constraints refused, and warns where fewer than 1 in 1,000 met them. */
function noteRefusals(trials: readonly TrialRecord[], emit: SearchContext["emit"]): void {
  const counts = refusedOf(trials);
  if (counts.refused === 0) return;
  const met = trials.filter(({ metrics }) => metrics["rejected"] !== true).length;
  const warns = isRare(counts, met);
  emit({
    kind: "note",
    level: warns ? "warn" : "info",
    message: `The constraints refused ${formatCount(counts.refused)} of ${formatCount(counts.refused + met)} candidates untrained (${refusalText(counts)}).${warns ? ` ${rareText}` : ""}`,
  });
}

function limitsOf(definition: StudyDefinition): Task["limits"] {
  const { memoryBytes, timeMs } = definition.limits ?? {};
  return { ...(memoryBytes !== undefined && { memoryBytes }), ...(timeMs !== undefined && { timeMs }) };
}
