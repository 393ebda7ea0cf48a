/** @file The open study at work: wires the ledger, the executor and the loop to the interface that users see. */
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Outcome } from "../evaluators/evaluator.ts";
import type { Executor } from "../executors/executor.ts";
import type { Storage, TrialRecord } from "../storage/storage.ts";
import { objectivesOf } from "./config-record.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";
import { eventQueue } from "./event-queue.ts";
import type { StudyEvent } from "./events.ts";
import { plannedWorkers, startExecutor, type ExecutorChoice } from "./execution.ts";
import { studyFacts } from "./facts.ts";
import { keepData, storedSubstitute } from "./kept-data.ts";
import { openLedger, type Ledger, type OpenTrial } from "./ledger.ts";
import { rankAll, rankTrials } from "./ranking.ts";
import { retrain } from "./retrain.ts";
import { search } from "./search.ts";
import type { AskedTrial, RunSignals, Study, StudyStatus } from "./study.ts";

export interface LiveOptions {
  readonly name: string;
  readonly dir: string;
  readonly definition: StudyDefinition;
  readonly reference: StudyReference | undefined;
  readonly storage: Storage;
  readonly resumed: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dataDir: string | undefined;
  readonly executor: ExecutorChoice;
}

/** Returns the study. The controller is made, and workers are started, when first needed. */
export async function liveStudy(options: LiveOptions): Promise<Study> {
  const { name, dir, definition, storage, clock, logger } = options;
  const objectives = objectivesOf(definition);
  const execution = {
    definition,
    reference: options.reference,
    dataDir: options.dataDir,
    choice: options.executor,
    logger,
  };
  const workerCount = await plannedWorkers(execution);
  let facts = studyFacts(definition, workerCount, storedSubstitute(storage) ?? undefined);
  const warned = new Set<string>();
  let ledger: Ledger | undefined;
  let executor: Executor | undefined;
  const byHand = new Map<number, OpenTrial>();

  const book = async (): Promise<Ledger> => (ledger ??= await openLedger(definition, storage, clock));
  const workers = async (): Promise<Executor> => (executor ??= await startExecutor(execution));

  /** Runs `work` in the background and returns its events. Abandoning the iteration stops it at once. */
  const stream = (
    signals: RunSignals,
    work: (emit: (event: StudyEvent) => void, signal: AbortSignal, hardSignal: AbortSignal) => Promise<void>,
  ) => {
    const abandoned = new AbortController();
    const queue = eventQueue<StudyEvent>(() => abandoned.abort());
    const either = (signal: AbortSignal | undefined) =>
      signal === undefined ? abandoned.signal : AbortSignal.any([signal, abandoned.signal]);
    const emit = (event: StudyEvent): void => {
      logEvent(logger, event);
      queue.push(event);
    };
    work(emit, either(signals.signal), either(signals.hardSignal)).then(
      () => queue.end(),
      (error: unknown) => queue.end(error),
    );
    return queue;
  };

  /** Finds or downloads the data once for all workers, and says loudly if it is not what was asked for. */
  const provide = async (phase: "search" | "retrain", emit: (event: StudyEvent) => void): Promise<void> => {
    const evaluator =
      phase === "retrain" ? (definition.retrain?.evaluator ?? definition.evaluator) : definition.evaluator;
    const provision = await evaluator.provide?.({
      dataDir: options.dataDir,
      engine: definition.engine,
      onProgress: (message) => emit({ kind: "note", level: "info", message }),
    });
    const { warning, substitute } = provision ?? {};
    if (warning !== undefined && !warned.has(warning)) emit({ kind: "note", level: "warn", message: warning });
    if (warning !== undefined) warned.add(warning);
    await keepData(storage, substitute ?? null);
    facts = studyFacts(definition, workerCount, substitute);
  };

  return {
    name,
    dir,
    definition,
    objectives,
    get facts() {
      return facts;
    },
    storage,
    run: (signals = {}) =>
      stream(signals, async (emit, signal, hardSignal) => {
        const before = await storage.trials();
        await provide("search", emit);
        emit({
          kind: "study-started",
          name,
          dir,
          resumed: options.resumed,
          finishedTrials: before.filter((trial) => trial.state !== "running").length,
          facts,
        });
        const opened = await book();
        if (opened.note !== undefined) emit({ kind: "note", level: "info", message: opened.note });
        const result = await search({
          definition,
          storage,
          ledger: opened,
          executor: await workers(),
          clock,
          logger,
          trialDir: (number) => join(dir, "trials", String(number)),
          emit,
          signal,
          hardSignal,
        });
        emit({ kind: "study-finished", ...result });
      }),
    retrain: (request = {}) =>
      stream(request, async (emit, signal, hardSignal) => {
        const trials = chooseTrials(await storage.trials(), request, definition, objectives);
        const epochs = request.epochs ?? definition.retrain?.epochs;
        if (epochs === undefined)
          throw new CellwrightError(
            "config",
            expected("retrain.epochs", "a number of epochs, in the study or by --epochs", undefined),
          );
        await provide("retrain", emit);
        const seeds = request.seeds ?? definition.retrain?.seeds ?? 1;
        await retrain(
          { definition, storage, executor: await workers(), logger, dir, emit, signal, hardSignal },
          trials,
          epochs,
          seeds,
        );
      }),
    async ask() {
      const opened = await book();
      const trial = opened.takeUnfinished()[0] ?? (await opened.propose());
      if (trial === "wait" || trial === "done") return trial;
      const settled = await settle(opened, storage, trial);
      if (settled === undefined) byHand.set(trial.record.number, trial);
      return asked(trial, settled);
    },
    async tell(number, result) {
      if (!byHand.delete(number))
        throw new CellwrightError(
          "config",
          expected(`tell(${number})`, "a trial taken with ask and not told yet", number),
        );
      const outcome: Outcome = isOutcome(result)
        ? result
        : { state: "complete", values: objectives.map((objective) => valueOf(result, objective.name)), metrics: {} };
      return (await (await book()).finish(number, outcome)).trial;
    },
    top: async () => rankAll(await storage.trials(), await storage.retrains(), objectives),
    status: async () => await statusOf(name, dir, definition, storage),
    async close() {
      await executor?.close();
      await storage.close();
    },
  };
}

function chooseTrials(
  trials: readonly TrialRecord[],
  request: { top?: number; trials?: readonly number[] },
  definition: StudyDefinition,
  objectives: Study["objectives"],
): readonly TrialRecord[] {
  if (request.trials !== undefined)
    return request.trials.map((number) => {
      const trial = trials.find((candidate) => candidate.number === number && candidate.state === "complete");
      if (trial === undefined)
        throw new CellwrightError("config", expected("retrain --trial", "the number of a complete trial", number));
      return trial;
    });
  const ranked = rankTrials(trials, objectives);
  if (ranked.length === 0)
    throw new CellwrightError("config", "retrain  Expected at least one complete trial. Received: none.");
  return ranked.slice(0, request.top ?? definition.retrain?.top ?? 5);
}

/** Tells at once what needs no measuring: a refused proposal or a stored result. */
async function settle(ledger: Ledger, storage: Storage, open: OpenTrial): Promise<TrialRecord | undefined> {
  const { record, admission } = open;
  if (admission.rejected !== undefined)
    return (
      await ledger.finish(record.number, { state: "failed", reason: admission.rejected, metrics: { rejected: true } })
    ).trial;
  const known = await storage.findResult(admission.canonicalId, admission.resultKey);
  if (known?.values === undefined || known.state !== "complete") return undefined;
  return (
    await ledger.finish(
      record.number,
      { state: "complete", values: known.values, metrics: known.metrics },
      known.number,
    )
  ).trial;
}

function asked(open: OpenTrial, settled: TrialRecord | undefined): AskedTrial {
  const { number, proposal, seed } = open.record;
  return {
    number,
    genotype: proposal.genotype,
    seed,
    ...(proposal.epochs !== undefined && { epochs: proposal.epochs }),
    ...(settled && { settled }),
  };
}

function isOutcome(result: Readonly<Record<string, number>> | Outcome): result is Outcome {
  return typeof (result as { state?: unknown }).state === "string";
}

function valueOf(values: Readonly<Record<string, number>>, name: string): number {
  const value = values[name];
  if (value === undefined || !Number.isFinite(value))
    throw new CellwrightError("config", expected(`tell: ${name}`, "a finite number", value));
  return value;
}

async function statusOf(
  name: string,
  dir: string,
  definition: StudyDefinition,
  storage: Storage,
): Promise<StudyStatus> {
  const trials = await storage.trials();
  const count = (state: TrialRecord["state"]) =>
    trials.filter((trial) => trial.state === state && trial.duplicateOf === undefined).length;
  const best = rankTrials(trials, objectivesOf(definition))[0];
  return {
    name,
    dir,
    trials: {
      complete: count("complete"),
      pruned: count("pruned"),
      failed: count("failed"),
      duplicates: trials.filter((trial) => trial.duplicateOf !== undefined).length,
      unfinished: count("running"),
    },
    ...(best && { best }),
    elapsedMs: storage.study.elapsedMs,
    retrained: (await storage.retrains()).filter((record) => record.state === "complete").length,
    budget: definition.budget ?? {},
  };
}

function logEvent(logger: Logger, event: StudyEvent): void {
  if (event.kind === "heartbeat") return;
  logger.info(event.kind, event as unknown as Record<string, unknown>);
}
