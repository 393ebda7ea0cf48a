/** @file Trains the best candidates again, longer, and keeps their weights: what the proxy ranked is ranked anew. */
import { join } from "node:path";
import type { Logger } from "../base/logger.ts";
import { messageOf } from "../base/errors.ts";
import type { Outcome, Task } from "../evaluators/evaluator.ts";
import type { Executor, RunningTask } from "../executors/executor.ts";
import type { RetrainRecord, Storage, TrialRecord } from "../storage/storage.ts";
import { admit } from "./admission.ts";
import { objectivesOf } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";
import type { StudyEvent } from "./events.ts";
import { studyRng } from "./ledger.ts";
import { measuredBy } from "./measured.ts";

export interface RetrainContext {
  readonly definition: StudyDefinition;
  readonly storage: Storage;
  readonly executor: Executor;
  readonly logger: Logger;
  /** Folder of the study. */
  readonly dir: string;
  readonly emit: (event: StudyEvent) => void;
  readonly signal: AbortSignal;
  readonly hardSignal: AbortSignal;
}

interface Job {
  readonly trial: TrialRecord;
  readonly seedIndex: number;
}

/** Returns the folder in which a retraining leaves its weights and log; a shorter or longer one of the same seed has another. */
export function retrainDir(studyDir: string, trial: number, epochs: number, seed: number): string {
  return join(studyDir, "retrained", `${trial}-${epochs}-${seed}`);
}

/** Retrains `trials` for `epochs`, `seeds` times each, on all free workers. Finished ones are skipped; interrupted ones start again. */
export async function retrain(
  context: RetrainContext,
  trials: readonly TrialRecord[],
  epochs: number,
  seeds: number,
): Promise<void> {
  const done = new Set(
    (await context.storage.retrains())
      .filter((record) => record.state === "complete")
      .map((record) => `${record.trial}/${record.epochs}/${record.seed}`),
  );
  const jobs: Job[] = trials
    .flatMap((trial) => Array.from({ length: seeds }, (_, seedIndex) => ({ trial, seedIndex })))
    .filter((job) => !done.has(`${job.trial.number}/${epochs}/${seedOf(context.definition, job)}`));
  const total = jobs.length;
  const running = new Set<Promise<void>>();
  const tasks = new Set<RunningTask>();
  const cancelAll = (how: "soft" | "hard") => () => tasks.forEach((task) => task.cancel(how));
  const onSoft = cancelAll("soft");
  const onHard = cancelAll("hard");
  context.signal.addEventListener("abort", onSoft);
  context.hardSignal.addEventListener("abort", onHard);
  try {
    while ((jobs.length > 0 && !context.signal.aborted && !context.hardSignal.aborted) || running.size > 0) {
      while (jobs.length > 0 && context.executor.free > 0 && !context.signal.aborted && !context.hardSignal.aborted) {
        const job = jobs.shift() as Job;
        // One after the other: a worker is free until it has its task.
        const { ended } = await begin(context, job, epochs, { index: total - jobs.length, of: total }, tasks);
        running.add(ended);
        ended.then(
          () => running.delete(ended),
          () => running.delete(ended),
        );
      }
      if (running.size > 0) await Promise.race(running);
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    // Nothing runs here unless something was thrown.
    onHard();
    context.signal.removeEventListener("abort", onSoft);
    context.hardSignal.removeEventListener("abort", onHard);
  }
}

function seedOf(definition: StudyDefinition, job: Job): number {
  return studyRng(definition)
    .fork(`retrain/${job.trial.number}/${job.seedIndex}`)
    .int(2 ** 31);
}

/** Hands a job to a free worker. `ended` resolves when its outcome is stored. */
async function begin(
  context: RetrainContext,
  job: Job,
  epochs: number,
  place: { index: number; of: number },
  tasks: Set<RunningTask>,
): Promise<{ readonly ended: Promise<void> }> {
  const { definition, storage, executor, emit } = context;
  const { trial } = job;
  const measured = measuredBy(definition.retrain?.evaluator ?? definition.evaluator, objectivesOf(definition));
  const seed = seedOf(definition, job);
  const record = (state: RetrainRecord["state"], extra: Partial<RetrainRecord> = {}): RetrainRecord => ({
    trial: trial.number,
    epochs,
    seed,
    state,
    metrics: {},
    ...extra,
  });
  await storage.putRetrain(record("running"));
  const task: Task = {
    trial: trial.number,
    attempt: 0,
    phase: "retrain",
    genotype: trial.proposal.genotype,
    skeleton: definition.skeleton ?? {},
    recipe: admit(definition, trial.proposal).recipe,
    epochs,
    seed,
    dir: retrainDir(context.dir, trial.number, epochs, seed),
    saveWeights: true,
    limits: definition.limits?.memoryBytes === undefined ? {} : { memoryBytes: definition.limits.memoryBytes },
  };
  const running = executor.run(task, {
    started: () => emit({ kind: "retrain-started", trial: trial.number, epochs, ...place }),
    report(report) {
      emit({
        kind: "retrain-step",
        trial: trial.number,
        epoch: report.step,
        epochs,
        values: measured.values(report.values),
      });
      return "continue";
    },
    heartbeat: (beat) => emit({ kind: "heartbeat", beat }),
  });
  tasks.add(running);
  // The signals were heard before it was among the tasks, if they came while the record was written.
  if (context.signal.aborted) running.cancel("soft");
  if (context.hardSignal.aborted) running.cancel("hard");
  const conclude = async (ended: Outcome | "cancelled"): Promise<void> => {
    tasks.delete(running);
    if (ended === "cancelled") return;
    const outcome = measured.outcome(ended);
    const { metrics } = outcome;
    if (outcome.state === "complete") {
      await storage.putRetrain(record("complete", { values: outcome.values, metrics }));
      emit({ kind: "retrain-finished", trial: trial.number, values: outcome.values, metrics });
      return;
    }
    // Nobody prunes a retraining: an evaluator that does has not measured what was asked.
    const reason = outcome.state === "failed" ? outcome.reason : "It ended before its last epoch.";
    context.logger.warn("retraining failed", { trial: trial.number, reason });
    await storage.putRetrain(record("failed", { reason, metrics }));
    emit({ kind: "retrain-finished", trial: trial.number, reason, metrics });
  };
  const failed = (error: unknown): Outcome => ({ state: "failed", reason: messageOf(error), metrics: {} });
  return { ended: running.outcome.catch(failed).then(conclude) };
}
