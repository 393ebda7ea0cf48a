/**
 * @file The book of a study: every proposal and every outcome goes through here, is stored first and told to the controller in
 * the same order. Loaded again it replays what is stored (law 2), so a resumed study proposes what an uninterrupted one would have.
 *
 * Calls must not overlap: the search loop awaits each.
 */
import { CellwrightError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Outcome } from "../evaluators/evaluator.ts";
import type { Network } from "../network/index.ts";
import type { FinishedTrial, Objective } from "../search/controller.ts";
import type { Storage, TrialRecord } from "../storage/storage.ts";
import { admitMeasured, constraintsOf, type Admission, type LatencyOf } from "./admission.ts";
import { objectivesOf } from "./config-record.ts";
import { hostHere, type ControllerHost } from "./controller-host.ts";
import type { StudyDefinition } from "./definition.ts";
import { medianPruner, type Pruner } from "./median-pruner.ts";
import { latencyMeasure } from "./measure-latency.ts";
import { checkProposal } from "./proposal.ts";
import { drawMetrics, withoutDraws } from "./refusals.ts";
import { studyRng } from "./study-rng.ts";

/** A trial that has been stored as running. */
export interface OpenTrial {
  readonly record: TrialRecord;
  readonly admission: Admission;
}

export interface Ledger {
  readonly objectives: readonly Objective[];
  readonly pruner: Pruner | undefined;
  /** What the controller and its host have to say of themselves. */
  readonly notes: readonly string[];
  /** Trials begun, finished or not. */
  readonly started: number;
  /** Takes the trials that an earlier run left unfinished, in order. Empty after the first call. */
  takeUnfinished(): OpenTrial[];
  /** Asks the controller for the next trial and stores it as running. Rejects with the signal's reason if that aborts while the controller thinks: nothing is stored. */
  propose(signal?: AbortSignal): Promise<OpenTrial | "wait" | "done">;
  /** Stores an outcome and tells the controller. Returns the stored trial and whether it is the best so far. */
  finish(number: number, outcome: Outcome, duplicateOf?: number): Promise<{ trial: TrialRecord; isBest: boolean }>;
  /** The best first objective so far, as measured, and its trial. */
  best(): { readonly trial: number; readonly value: number } | undefined;
  /** Ends the controller's host. */
  close(): Promise<void>;
}

export interface LedgerOptions {
  /** Returns a network's latency in milliseconds. */
  readonly measure?: ((network: Network) => Promise<number>) | undefined;
  /** Makes the controller anew. Default: in this thread. */
  readonly host?: () => Promise<ControllerHost>;
}

/**
 * Opens the book: makes the controller anew and tells it the stored events in their order. Throws `config` where the constraints name a runtime that is not installed.
 */
export async function openLedger(
  definition: StudyDefinition,
  storage: Storage,
  clock: Clock,
  { measure = latencyMeasure(constraintsOf(definition)), host = async () => hostHere(definition) }: LedgerOptions = {},
): Promise<Ledger> {
  const controller = await host();
  try {
    return await replayed(definition, storage, clock, measure, controller);
  } catch (error) {
    await controller.close();
    throw error;
  }
}

async function replayed(
  definition: StudyDefinition,
  storage: Storage,
  clock: Clock,
  measure: (network: Network) => Promise<number>,
  controller: ControllerHost,
): Promise<Ledger> {
  const objectives = objectivesOf(definition);
  const rng = studyRng(definition);
  const pruner = definition.pruner && medianPruner(definition.pruner, objectives);
  const sign = objectives[0]?.direction === "minimize" ? -1 : 1;
  let started = 0;
  let best: { trial: number; value: number } | undefined;

  const consider = (trial: TrialRecord): boolean => {
    const value = trial.values?.[0];
    if (trial.state !== "complete" || value === undefined || trial.duplicateOf !== undefined) return false;
    if (best !== undefined && sign * value <= sign * best.value) return false;
    best = { trial: trial.number, value };
    return true;
  };

  const trials = await storage.trials();
  const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
  const states = new Map(trials.map(({ number, state }) => [number, state]));
  const events = await storage.events();
  await controller.tell(events);
  for (const event of events) {
    if (event.kind === "started") started++;
    else {
      const trial = byNumber.get(event.trial.number);
      if (trial === undefined)
        throw new CellwrightError(
          "storage",
          `event of trial ${event.trial.number}  Expected a stored trial. Received: none.`,
        );
      consider(trial);
      if (pruner !== undefined && trial.state !== "failed") pruner.add(trial, await storage.steps(trial.number));
    }
  }
  // No two measurements are equal: what was measured once, and stored, decides of a network from then on.
  const latencies = new Map(
    trials.flatMap(({ canonicalId, metrics: { latencyMs } }) =>
      latencyMs === undefined ? [] : [[canonicalId, latencyMs] as const],
    ),
  );
  const latencyOf: LatencyOf = async (id, network) => {
    const latencyMs = latencies.get(id) ?? (await measure(network));
    latencies.set(id, latencyMs);
    return latencyMs;
  };
  let unfinished: OpenTrial[] = [];
  for (const record of trials.filter((trial) => trial.state === "running"))
    unfinished.push({ record, admission: await admitMeasured(definition, record.proposal, latencyOf) });

  return {
    objectives,
    pruner,
    notes: controller.notes,
    get started() {
      return started;
    },
    takeUnfinished() {
      const taken = unfinished;
      unfinished = [];
      return taken;
    },
    async propose(signal) {
      const number = started;
      const { answer, refused } = await controller.ask(number, signal);
      const proposal = checkProposal(definition, answer, (other) => states.get(other));
      if (proposal === "wait" || proposal === "done") return proposal;
      const draws = drawMetrics(refused);
      const admission = await admitMeasured(definition, proposal, latencyOf);
      const record: TrialRecord = {
        number,
        proposal,
        state: "running",
        metrics: { ...admission.metrics, ...draws },
        canonicalId: admission.canonicalId,
        resultKey: admission.resultKey,
        seed: rng.fork(`trial/${number}`).int(2 ** 31),
        attempts: 0,
        startedMs: clock.now(),
      };
      await storage.startTrial(record);
      states.set(number, "running");
      started++;
      await controller.tell([{ kind: "started", number, proposal }]);
      return { record, admission };
    },
    async finish(number, outcome, duplicateOf) {
      const before = await storage.trial(number);
      if (before?.state !== "running")
        throw new CellwrightError(
          "internal",
          `trial ${number}  Expected a running trial. Received: ${before?.state ?? "none"}.`,
        );
      const metrics = duplicateOf === undefined ? outcome.metrics : withoutDraws(outcome.metrics);
      const whole: Outcome = { ...outcome, metrics: { ...before.metrics, ...metrics } };
      await storage.finishTrial(number, whole, {
        finishedMs: clock.now(),
        ...(duplicateOf !== undefined && { duplicateOf }),
      });
      const trial = await storage.trial(number);
      if (trial === undefined || trial.state === "running")
        throw new CellwrightError("internal", `trial ${number}  Expected a finished trial.`);
      states.set(number, trial.state);
      const told: FinishedTrial = {
        number,
        proposal: trial.proposal,
        state: trial.state,
        ...(trial.values && { values: trial.values }),
        ...(trial.reason !== undefined && { reason: trial.reason }),
      };
      await controller.tell([{ kind: "finished", trial: told }]);
      if (pruner !== undefined && trial.state !== "failed" && duplicateOf === undefined)
        pruner.add(trial, await storage.steps(number));
      return { trial, isBest: consider(trial) };
    },
    best: () => best,
    close: async () => controller.close(),
  };
}
