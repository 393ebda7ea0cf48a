/** @file Trains the baseline that the winner stands beside, by the winner's recipe, on the same data. */
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Network } from "../network/index.ts";
import type { Task } from "../evaluators/evaluator.ts";
import type { Executor, RunningTask } from "../executors/executor.ts";
import type { BaselineRecord, Storage } from "../storage/storage.ts";
import { identify } from "./admission.ts";
import { evaluatorOf, isOf, type BaselinePlan } from "./baseline-plan.ts";
import { objectivesOf } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";
import type { StudyEvent } from "./events.ts";
import { studyRng } from "./study-rng.ts";
import { measureLatency } from "./measure-latency.ts";
import { measuredBy, needsLatency } from "./measured.ts";

export interface BaselineContext {
  readonly definition: StudyDefinition;
  readonly storage: Storage;
  readonly executor: Executor;
  readonly logger: Logger;
  /** Folder of the study. */
  readonly dir: string;
  /** Returns a network's latency in milliseconds. */
  readonly measure?: ((network: Network) => Promise<number>) | undefined;
}

/** Returns the seeds of the training runs that are not done. */
export function seedsLeft(
  definition: StudyDefinition,
  plan: BaselinePlan,
  records: readonly BaselineRecord[],
): readonly number[] {
  const done = new Set(
    records.filter((record) => isOf(plan, record) && record.state === "complete").map(({ seed }) => seed),
  );
  const seeds = Array.from({ length: plan.seeds }, (_, index) =>
    studyRng(definition)
      .fork(`baseline/${index}`)
      .int(2 ** 31),
  );
  return seeds.filter((seed) => !done.has(seed));
}

/** Trains the baseline with each seed, on all free workers, and stores what comes of it. Stops after the running epochs (`signal`) or at once (`hardSignal`). */
export async function trainBaseline(
  context: BaselineContext,
  plan: BaselinePlan,
  seeds: readonly number[],
  { signal, hardSignal }: { readonly signal: AbortSignal; readonly hardSignal: AbortSignal },
  emit: (event: StudyEvent) => void,
): Promise<void> {
  const { definition, executor, measure = measureLatency } = context;
  // Measured before anything trains, as candidates' are.
  const isNeeded = needsLatency(evaluatorOf(definition, plan.phase), objectivesOf(definition));
  const latencyMs = isNeeded ? await measure(plan.network) : undefined;
  const running = new Map<RunningTask, Promise<void>>();
  const cancel = (how: "soft" | "hard"): void => {
    for (const task of running.keys()) task.cancel(how);
  };
  const onSoft = (): void => cancel("soft");
  const onHard = (): void => cancel("hard");
  const isStopped = (): boolean => signal.aborted || hardSignal.aborted;
  signal.addEventListener("abort", onSoft);
  hardSignal.addEventListener("abort", onHard);
  try {
    for (const [index, seed] of seeds.entries()) {
      while (executor.free === 0 && running.size > 0 && !isStopped()) await Promise.race(running.values());
      if (isStopped()) break;
      const { task, ended } = handOver(context, plan, seed, latencyMs, { index: index + 1, of: seeds.length }, emit);
      const over = ended.finally(() => running.delete(task));
      running.set(task, over);
      // What it rejects with is thrown below.
      over.catch(() => {});
    }
    if (hardSignal.aborted) onHard();
    else if (signal.aborted) onSoft();
    await Promise.all(running.values());
  } finally {
    onHard();
    signal.removeEventListener("abort", onSoft);
    hardSignal.removeEventListener("abort", onHard);
  }
}

function handOver(
  { definition, storage, executor, logger, dir }: BaselineContext,
  plan: BaselinePlan,
  seed: number,
  latencyMs: number | undefined,
  place: { readonly index: number; readonly of: number },
  emit: (event: StudyEvent) => void,
): { readonly task: RunningTask; readonly ended: Promise<void> } {
  const { name, phase, epochs, winner, network, params, macs } = plan;
  const about = { baseline: name, trial: winner.number };
  const measured = measuredBy(evaluatorOf(definition, phase), objectivesOf(definition));
  const costs = { params, macs, ...(latencyMs !== undefined && { latencyMs }) };
  const folder = `${name.replaceAll(/[^\w.-]+/g, "-")}-${phase}-${epochs}-${seed}`;
  const task: Task = {
    trial: winner.number,
    attempt: 0,
    phase,
    genotype: winner.proposal.genotype,
    skeleton: definition.skeleton ?? {},
    network,
    recipe: identify(definition, winner.proposal).recipe,
    epochs,
    seed,
    dir: join(dir, "baseline", folder),
    limits: definition.limits?.memoryBytes === undefined ? {} : { memoryBytes: definition.limits.memoryBytes },
  };
  const running = executor.run(task, {
    started: () => emit({ kind: "retrain-started", epochs, ...about, ...place }),
    report(report) {
      emit({
        kind: "retrain-step",
        ...about,
        epoch: report.step,
        epochs,
        values: measured.values(report.values, costs),
      });
      return "continue";
    },
    heartbeat: (beat) => emit({ kind: "heartbeat", beat }),
  });
  const conclude = async (): Promise<void> => {
    const ended = await running.outcome.catch((error: unknown) => ({
      state: "failed" as const,
      reason: messageOf(error),
      metrics: {},
    }));
    if (ended === "cancelled") return;
    const outcome = measured.outcome(ended, costs);
    const metrics = { ...outcome.metrics, ...costs };
    const record = { name, phase, epochs, seed, metrics };
    if (outcome.state === "complete") {
      await storage.putBaseline({ ...record, state: "complete", values: outcome.values });
      emit({ kind: "retrain-finished", ...about, values: outcome.values, metrics });
      return;
    }
    const reason = outcome.state === "failed" ? outcome.reason : "It ended before its last epoch.";
    logger.warn("training of the baseline failed", { baseline: name, reason });
    await storage.putBaseline({ ...record, state: "failed", reason });
    emit({ kind: "retrain-finished", ...about, reason, metrics });
  };
  return { task: running, ended: conclude() };
}
