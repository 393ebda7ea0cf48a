/** @file The open study at work: wires the ledger, the executor and the loop to the interface that users see. */
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Network } from "../network/index.ts";
import type { Executor } from "../executors/executor.ts";
import type { Storage, TrialRecord } from "../storage/storage.ts";
import { seedsLeft, trainBaseline } from "./baseline.ts";
import { baselinePlan, trainedBaseline } from "./baseline-plan.ts";
import { takenByHand, type ByHand } from "./by-hand.ts";
import { objectivesOf } from "./config-record.ts";
import { studyFront } from "./front.ts";
import { hostController } from "./controller-place.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";
import { eventQueue } from "./event-queue.ts";
import type { StudyEvent } from "./events.ts";
import { plannedWorkers, startExecutor, type ExecutorChoice } from "./execution.ts";
import { studyFacts } from "./facts.ts";
import { keepData, storedSubstitute } from "./kept-data.ts";
import { openLedger, type Ledger } from "./ledger.ts";
import { rankAll, rankTrials } from "./ranking.ts";
import { refusedOf } from "./refusals.ts";
import { retraining, type Retraining } from "./retrain.ts";
import { search } from "./search.ts";
import type { RunSignals, Study, StudyStatus } from "./study.ts";

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
  readonly measureLatency: ((network: Network) => Promise<number>) | undefined;
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
  let executor: Promise<Executor> | undefined;
  let hand: Promise<ByHand> | undefined;
  /** What the end of a search began of the retraining that follows. */
  let early: { readonly retraining: Retraining; readonly epochs: number; readonly seeds: number } | undefined;
  /** What occupies the workers: one thing at a time. */
  let busy: "searching" | "retraining" | undefined;
  /** The search or retraining itself, once data and workers are there. */
  let work: Promise<unknown> = Promise.resolve();
  const running = new Set<AbortController>();

  const book = async (): Promise<Ledger> =>
    openLedger(definition, storage, clock, {
      measure: options.measureLatency,
      host: async () => hostController(definition, options.reference),
    });
  const workers = async (): Promise<Executor> => {
    executor ??= startExecutor(execution).catch((error: unknown) => {
      executor = undefined; // the next search tries again, and closing has nothing to end
      throw error;
    });
    return executor;
  };
  /** A book of its own, made when first needed, until a search goes on with the study. */
  const byHand = async (method: string): Promise<ByHand> => {
    if (busy === "searching") throw occupied(method, busy);
    hand ??= book()
      .then((ledger) => takenByHand(ledger, storage, definition.evaluator.measures))
      .catch((error: unknown) => {
        hand = undefined;
        throw error;
      });
    return hand;
  };

  /** Claims the study for a search or a retraining while `work` goes on. */
  const occupy = async (what: NonNullable<typeof busy>, occupation: () => Promise<void>): Promise<void> => {
    if (busy !== undefined) throw occupied(what === "searching" ? "run" : "retrain", busy);
    busy = what;
    try {
      await occupation();
    } finally {
      busy = undefined;
    }
  };

  /** Runs what `begin` begins in the background and returns its events. Abandoning the iteration stops it at once. */
  const stream = (
    signals: RunSignals,
    begin: (emit: (event: StudyEvent) => void, signal: AbortSignal, hardSignal: AbortSignal) => Promise<void>,
  ) => {
    const abandoned = new AbortController();
    running.add(abandoned);
    const queue = eventQueue<StudyEvent>(() => abandoned.abort());
    const either = (signal: AbortSignal | undefined) =>
      signal === undefined ? abandoned.signal : AbortSignal.any([signal, abandoned.signal]);
    const emit = (event: StudyEvent): void => {
      logEvent(logger, event);
      queue.push(event);
    };
    begin(emit, either(signals.signal), either(signals.hardSignal))
      .finally(() => running.delete(abandoned))
      .then(
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

  const newRetraining = async (epochs: number, seeds: number): Promise<Retraining> =>
    retraining({ definition, storage, executor: await workers(), logger, dir, epochs, seeds });
  const dropEarly = async (): Promise<void> => {
    const dropped = early;
    early = undefined;
    await dropped?.retraining.cancel("hard");
  };
  /** Begins retraining those of the best that `undecided` more trials can't displace. */
  const retrainEarly = async (undecided: number, emit: (event: StudyEvent) => void): Promise<void> => {
    if (definition.retrain === undefined) return;
    const { top, epochs, seeds = 1 } = definition.retrain;
    const ranked = rankTrials(await storage.trials(), objectives);
    const sure = ranked.slice(0, Math.max(0, top - undecided));
    if (sure.length === 0) return;
    if (early === undefined) {
      await provide("retrain", emit);
      early = { retraining: await newRetraining(epochs, seeds), epochs, seeds };
    }
    await early.retraining.beginEarly(sure, Math.min(top, ranked.length + undecided), emit);
  };

  return {
    name,
    dir,
    definition,
    reference: options.reference,
    objectives,
    get facts() {
      return facts;
    },
    storage,
    run: (request = {}) =>
      stream(request, async (emit, signal, hardSignal) =>
        occupy("searching", async () => {
          refuseOpen((await hand)?.open ?? []);
          await (await hand)?.close();
          hand = undefined;
          await dropEarly();
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
          const ledger = await book();
          try {
            for (const message of ledger.notes) emit({ kind: "note", level: "info", message });
            const searched = search({
              definition,
              storage,
              ledger,
              executor: await workers(),
              clock,
              logger,
              trialDir: (number) => join(dir, "trials", String(number)),
              emit,
              ...(request.thenRetrain === true && {
                onSpareWorker: async (undecided: number) => retrainEarly(undecided, emit),
              }),
              signal,
              hardSignal,
            });
            work = searched.catch(() => {});
            const finished = await searched.catch(async (error: unknown) => {
              await dropEarly();
              throw error;
            });
            if (finished.reason === "interrupt") await dropEarly();
            emit({ kind: "study-finished", ...finished });
          } finally {
            await ledger.close();
          }
        }),
      ),
    retrain: (request = {}) =>
      stream(request, async (emit, signal, hardSignal) =>
        occupy("retraining", async () => {
          const trials = chooseTrials(await storage.trials(), request, definition, objectives);
          const epochs = request.epochs ?? definition.retrain?.epochs;
          if (epochs === undefined)
            throw new CellwrightError(
              "config",
              expected("retrain.epochs", "a number of epochs, in the study or by --epochs", undefined),
            );
          await provide("retrain", emit);
          const seeds = request.seeds ?? definition.retrain?.seeds ?? 1;
          if (early?.epochs !== epochs || early.seeds !== seeds) await dropEarly();
          const begun = early?.retraining ?? (await newRetraining(epochs, seeds));
          early = undefined;
          const retrained = begun.run(trials, { signal, hardSignal }, emit);
          work = retrained.catch(() => {});
          await retrained;
        }),
      ),
    trainBaseline: (request = {}) =>
      stream(request, async (emit, signal, hardSignal) =>
        occupy("retraining", async () => {
          const plan = baselinePlan(definition, await storage.trials(), await storage.retrains());
          if (plan === undefined) return;
          const seeds = seedsLeft(definition, plan, await storage.baselines());
          if (seeds.length === 0) return;
          await provide(plan.phase, emit);
          const context = {
            definition,
            storage,
            executor: await workers(),
            logger,
            dir,
            measure: options.measureLatency,
          };
          const trained = trainBaseline(context, plan, seeds, { signal, hardSignal }, emit);
          work = trained.catch(() => {});
          await trained;
        }),
      ),
    async baseline() {
      const plan = baselinePlan(definition, await storage.trials(), await storage.retrains());
      if (plan === undefined) return undefined;
      const records = await storage.baselines();
      const trained = trainedBaseline(plan, records);
      const left = seedsLeft(definition, plan, records).length;
      return { plan, left, ...(trained !== undefined && { trained }) };
    },
    ask: async () => (await byHand("ask")).ask(),
    tell: async (number, result) => (await byHand("tell")).tell(number, result),
    top: async () => rankAll(await storage.trials(), await storage.retrains(), objectives),
    status: async () => await statusOf(name, dir, definition, storage),
    async close() {
      for (const abandoned of running) abandoned.abort();
      await work;
      await (await hand?.catch(() => undefined))?.close();
      await dropEarly();
      const started = await executor?.catch(() => undefined);
      try {
        await started?.close();
      } finally {
        await storage.close();
      }
    },
  };
}

function occupied(method: string, by: string): CellwrightError {
  return new CellwrightError(
    "config",
    `${method}  Expected a study that is not at work. Received: one that is ${by}. Await its end first.`,
  );
}

function refuseOpen(open: readonly number[]): void {
  if (open.length > 0)
    throw new CellwrightError(
      "config",
      expected("run", "every trial that was taken with ask to be told", `trial ${open.join(", ")} open`),
    );
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
  const front = studyFront(trials, objectivesOf(definition));
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
    refused: refusedOf(trials),
    ...(best && { best }),
    ...(front && { front }),
    elapsedMs: storage.study.elapsedMs,
    retrained: (await storage.retrains()).filter((record) => record.state === "complete").length,
    budget: definition.budget ?? {},
  };
}

function logEvent(logger: Logger, event: StudyEvent): void {
  if (event.kind === "heartbeat") return;
  logger.info(event.kind, event as unknown as Record<string, unknown>);
}
