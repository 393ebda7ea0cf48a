/** @file The storage contract: studies, trials, intermediate values, and the events in the order in which the controller was told. */
import type { Json } from "../base/canonical-json.ts";
import type { Outcome, TrialMetrics } from "../evaluators/evaluator.ts";
import type { ControllerEvent, Proposal } from "../search/controller.ts";

export interface StudyRecord {
  readonly name: string;
  readonly createdMs: number;
  /** The definition as plain JSON: space name, version and hash, skeleton, controller, evaluator, budget … and the reference to load it again. */
  readonly config: Json;
  /** Version of Cellwright that made it. */
  readonly version: string;
  /** Wall time spent searching so far. */
  readonly elapsedMs: number;
}

export type TrialState = "running" | "complete" | "pruned" | "failed";

export interface TrialRecord {
  readonly number: number;
  readonly proposal: Proposal;
  readonly state: TrialState;
  readonly values?: readonly number[];
  readonly metrics: TrialMetrics;
  readonly reason?: string;
  /** Canonical id of the decoded network. */
  readonly canonicalId: string;
  /** The trial whose stored result this one took (law 5), if it did not train. */
  readonly duplicateOf?: number;
  /** Evaluator key, epochs, data and seed policy: with `canonicalId`, what makes two results the same. */
  readonly resultKey: string;
  readonly seed: number;
  readonly attempts: number;
  readonly startedMs: number;
  readonly finishedMs?: number;
}

export interface StepRecord {
  readonly trial: number;
  readonly attempt: number;
  readonly step: number;
  readonly values: readonly number[];
  readonly metrics: TrialMetrics;
}

/** A retrained candidate. */
export interface RetrainRecord {
  readonly trial: number;
  readonly epochs: number;
  readonly seed: number;
  readonly state: "running" | "complete" | "failed";
  readonly values?: readonly number[];
  readonly metrics: TrialMetrics;
  readonly reason?: string;
}

/** One training of a baseline. */
export interface BaselineRecord {
  readonly name: string;
  /** Whose evaluator it was trained by. */
  readonly phase: "search" | "retrain";
  readonly epochs: number;
  readonly seed: number;
  readonly state: "complete" | "failed";
  readonly values?: readonly number[];
  readonly metrics: TrialMetrics;
  readonly reason?: string;
}

/** One study's database. Every method is one transaction: after `kill -9`, it either happened or did not. */
export interface Storage {
  readonly study: StudyRecord;
  /** Stores the trial as running together with its `started` event. */
  startTrial(
    trial: Omit<TrialRecord, "state" | "values" | "reason" | "finishedMs" | "metrics"> & { metrics?: TrialMetrics },
  ): Promise<void>;
  /** Stores the outcome together with its `finished` event, at its place in the order of telling. */
  finishTrial(number: number, outcome: Outcome, extra: { finishedMs: number; duplicateOf?: number }): Promise<void>;
  setAttempts(number: number, attempts: number): Promise<void>;
  addStep(step: StepRecord): Promise<void>;
  addElapsed(ms: number): Promise<void>;
  updateConfig(config: Json): Promise<void>;
  trials(): Promise<readonly TrialRecord[]>;
  trial(number: number): Promise<TrialRecord | undefined>;
  steps(trial?: number): Promise<readonly StepRecord[]>;
  /** All events, in the order of telling. */
  events(): Promise<readonly ControllerEvent[]>;
  /** A finished trial with this canonical id and result key that was trained itself, if there is one. */
  findResult(canonicalId: string, resultKey: string): Promise<TrialRecord | undefined>;
  putRetrain(record: RetrainRecord): Promise<void>;
  retrains(): Promise<readonly RetrainRecord[]>;
  /** Replaces the one of the same name, phase, epochs and seed. */
  putBaseline(record: BaselineRecord): Promise<void>;
  baselines(): Promise<readonly BaselineRecord[]>;
  close(): Promise<void>;
}
