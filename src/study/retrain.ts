/** @file Trains the best candidates again, longer, and keeps their weights: what the proxy ranked is ranked anew. */
import { join } from "node:path";
import type { Logger } from "../base/logger.ts";
import { messageOf } from "../base/errors.ts";
import type { Outcome, Task } from "../evaluators/evaluator.ts";
import type { Executor, RunningTask } from "../executors/executor.ts";
import type { RetrainRecord, Storage, TrialRecord } from "../storage/storage.ts";
import { identify } from "./admission.ts";
import { objectivesOf } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";
import type { StudyEvent } from "./events.ts";
import { studyRng } from "./study-rng.ts";
import { measuredBy } from "./measured.ts";

export interface RetrainContext {
  readonly definition: StudyDefinition;
  readonly storage: Storage;
  readonly executor: Executor;
  readonly logger: Logger;
  /** Folder of the study. */
  readonly dir: string;
  readonly epochs: number;
  /** Times that each is retrained. */
  readonly seeds: number;
}

/** The retraining of one study, for the same epochs and seeds. */
export interface Retraining {
  /** Begins with `trials`, as far as workers are free, for a `run` of them and others that is to follow: one of `of` trials. */
  beginEarly(trials: readonly TrialRecord[], of: number, emit: (event: StudyEvent) => void): Promise<void>;
  /**
   * Retrains `trials` on all free workers and resolves when they are done; one that was begun early is taken over. Finished ones are skipped,
   * interrupted ones start again. Stops after the running epochs (`signal`) or at once (`hardSignal`).
   */
  run(trials: readonly TrialRecord[], signals: Signals, emit: (event: StudyEvent) => void): Promise<void>;
  /** Ends what runs. Resolves when nothing does. */
  cancel(how: "soft" | "hard"): Promise<void>;
}

interface Signals {
  readonly signal: AbortSignal;
  readonly hardSignal: AbortSignal;
}

interface Job {
  readonly trial: TrialRecord;
  readonly seed: number;
  readonly key: string;
}

/** A job that a worker has. */
interface Begun {
  readonly task: RunningTask;
  /** Resolves when its outcome is stored: false if it was cancelled and has none. */
  readonly ended: Promise<boolean>;
  /** What one who begins to listen late has missed. */
  readonly told: StudyEvent[];
}

/** Returns the folder in which a retraining leaves its weights and log; a shorter or longer one of the same seed has another. */
export function retrainDir(studyDir: string, trial: number, epochs: number, seed: number): string {
  return join(studyDir, "retrained", `${trial}-${epochs}-${seed}`);
}

/** Returns the retraining, with nothing begun. */
export function retraining(context: RetrainContext): Retraining {
  const { definition, storage, executor, epochs, seeds } = context;
  const running = new Map<string, Begun>();
  /** Those that ended by themselves, well or not: one try each. */
  const over = new Set<string>();
  let listener: (event: StudyEvent) => void = () => {};

  /** The jobs of `trials` that are not done, in order. */
  const jobsOf = async (trials: readonly TrialRecord[]): Promise<Job[]> => {
    const records = await storage.retrains();
    const done = new Set(records.filter(({ state }) => state === "complete").map(keyOf));
    return trials
      .flatMap((trial) =>
        Array.from({ length: seeds }, (_, index) => {
          const seed = seedOf(definition, trial, index);
          return { trial, seed, key: keyOf({ trial: trial.number, epochs, seed }) };
        }),
      )
      .filter(({ key }) => !done.has(key));
  };
  const begin = async (job: Job, place: Place): Promise<void> => {
    await storage.putRetrain({ trial: job.trial.number, epochs, seed: job.seed, state: "running", metrics: {} });
    const begun = handOver(context, job, place, (event) => listener(event));
    running.set(job.key, begun);
    const forget = (): void => void running.delete(job.key);
    begun.ended.then((isOver) => {
      if (isOver) over.add(job.key);
      forget();
    }, forget);
  };
  const cancel = async (how: "soft" | "hard"): Promise<void> => {
    for (const { task } of running.values()) task.cancel(how);
    await Promise.allSettled([...running.values()].map(({ ended }) => ended));
  };

  return {
    cancel,
    async beginEarly(trials, of, emit) {
      listener = emit;
      const jobs = (await jobsOf(trials)).filter(({ key }) => !running.has(key) && !over.has(key));
      for (const job of jobs) {
        if (executor.free === 0) return;
        await begin(job, { index: running.size + over.size + 1, of: of * seeds, early: true });
      }
    },
    async run(trials, { signal, hardSignal }, emit) {
      const jobs = await jobsOf(trials);
      const wanted = new Set(jobs.map(({ key }) => key));
      const of = jobs.length;
      let index = 0;
      listener = emit;
      for (const [key, { task, told }] of running)
        if (!wanted.has(key)) task.cancel("hard");
        else
          for (const event of told) emit(event.kind === "retrain-started" ? { ...event, index: ++index, of } : event);
      const left = jobs.filter(({ key }) => !running.has(key) && !over.has(key));
      const onSoft = (): void => void cancel("soft");
      const onHard = (): void => void cancel("hard");
      signal.addEventListener("abort", onSoft);
      hardSignal.addEventListener("abort", onHard);
      const isStopped = (): boolean => signal.aborted || hardSignal.aborted;
      if (signal.aborted) onSoft();
      if (hardSignal.aborted) onHard();
      try {
        while ((left.length > 0 && !isStopped()) || running.size > 0) {
          while (left.length > 0 && executor.free > 0 && !isStopped()) {
            // One after the other: a worker is free until it has its task.
            const job = left.shift() as Job;
            await begin(job, { index: ++index, of });
            // The signals were heard before it was among those that run, if they came while the record was written.
            if (signal.aborted) running.get(job.key)?.task.cancel("soft");
            if (hardSignal.aborted) running.get(job.key)?.task.cancel("hard");
          }
          if (running.size > 0) await Promise.race([...running.values()].map(({ ended }) => ended));
          else await new Promise((resolve) => setTimeout(resolve, 50));
        }
      } finally {
        // Nothing runs here unless something was thrown.
        onHard();
        signal.removeEventListener("abort", onSoft);
        hardSignal.removeEventListener("abort", onHard);
      }
    },
  };
}

function keyOf({ trial, epochs, seed }: Pick<RetrainRecord, "trial" | "epochs" | "seed">): string {
  return `${trial}/${epochs}/${seed}`;
}

function seedOf(definition: StudyDefinition, trial: TrialRecord, index: number): number {
  return studyRng(definition)
    .fork(`retrain/${trial.number}/${index}`)
    .int(2 ** 31);
}

interface Place {
  readonly index: number;
  readonly of: number;
  readonly early?: true;
}

/** Hands a job to a free worker, and stores what comes of it. */
function handOver(context: RetrainContext, job: Job, place: Place, emit: (event: StudyEvent) => void): Begun {
  const { definition, storage, executor, epochs } = context;
  const { trial, seed } = job;
  const measured = measuredBy(definition.retrain?.evaluator ?? definition.evaluator, objectivesOf(definition));
  const record = (state: RetrainRecord["state"], extra: Partial<RetrainRecord> = {}): RetrainRecord => ({
    trial: trial.number,
    epochs,
    seed,
    state,
    metrics: {},
    ...extra,
  });
  const told: StudyEvent[] = [];
  const tell = (event: StudyEvent): void => {
    told.push(event);
    emit(event);
  };
  const task: Task = {
    trial: trial.number,
    attempt: 0,
    phase: "retrain",
    genotype: trial.proposal.genotype,
    skeleton: definition.skeleton ?? {},
    recipe: identify(definition, trial.proposal).recipe,
    epochs,
    seed,
    dir: retrainDir(context.dir, trial.number, epochs, seed),
    saveWeights: true,
    limits: definition.limits?.memoryBytes === undefined ? {} : { memoryBytes: definition.limits.memoryBytes },
  };
  const running = executor.run(task, {
    started: () => tell({ kind: "retrain-started", trial: trial.number, epochs, ...place }),
    report(report) {
      tell({
        kind: "retrain-step",
        trial: trial.number,
        epoch: report.step,
        epochs,
        values: measured.values(report.values, trial.metrics),
      });
      return "continue";
    },
    heartbeat: (beat) => emit({ kind: "heartbeat", beat }),
  });
  const conclude = async (ended: Outcome | "cancelled"): Promise<boolean> => {
    if (ended === "cancelled") return false;
    const outcome = measured.outcome(ended, trial.metrics);
    const { metrics } = outcome;
    if (outcome.state === "complete") {
      await storage.putRetrain(record("complete", { values: outcome.values, metrics }));
      emit({ kind: "retrain-finished", trial: trial.number, values: outcome.values, metrics });
      return true;
    }
    // Nobody prunes a retraining: an evaluator that does has not measured what was asked.
    const reason = outcome.state === "failed" ? outcome.reason : "It ended before its last epoch.";
    context.logger.warn("retraining failed", { trial: trial.number, reason });
    await storage.putRetrain(record("failed", { reason, metrics }));
    emit({ kind: "retrain-finished", trial: trial.number, reason, metrics });
    return true;
  };
  const failed = (error: unknown): Outcome => ({ state: "failed", reason: messageOf(error), metrics: {} });
  return { task: running, ended: running.outcome.catch(failed).then(conclude), told };
}
