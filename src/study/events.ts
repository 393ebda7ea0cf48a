/** @file What observers of a running study see: the terminal, the log, the user's own loop. */
import type { Heartbeat, TrialMetrics } from "../evaluators/evaluator.ts";
import type { WorkerSlot } from "../executors/executor.ts";
import type { StepRecord, TrialRecord } from "../storage/storage.ts";

export type StudyEvent =
  | {
      readonly kind: "study-started";
      readonly name: string;
      readonly dir: string;
      readonly resumed: boolean;
      readonly finishedTrials: number;
      readonly facts: StudyFacts;
    }
  | { readonly kind: "trial-started"; readonly trial: TrialRecord; readonly slot?: WorkerSlot }
  | { readonly kind: "trial-step"; readonly step: StepRecord }
  | { readonly kind: "trial-retried"; readonly number: number; readonly attempt: number; readonly reason: string }
  | { readonly kind: "trial-finished"; readonly trial: TrialRecord; readonly isBest: boolean }
  | { readonly kind: "heartbeat"; readonly beat: Heartbeat }
  | { readonly kind: "stopping"; readonly reason: "budget" | "interrupt" | "controller-done" | "target" }
  | {
      readonly kind: "study-finished";
      readonly reason: "trials" | "time" | "target" | "controller-done" | "interrupt";
      readonly kept: number;
    }
  | {
      readonly kind: "retrain-started";
      readonly trial: number;
      /** Name of the baseline that is trained instead of the trial that it stands beside. */
      readonly baseline?: string;
      readonly epochs: number;
      readonly index: number;
      readonly of: number;
      /** Begun while the search's last trials ran, on a worker with nothing more to search. */
      readonly early?: true;
    }
  | {
      readonly kind: "retrain-step";
      readonly trial: number;
      readonly baseline?: string;
      readonly epoch: number;
      readonly epochs: number;
      readonly values: readonly number[];
    }
  | {
      readonly kind: "retrain-finished";
      readonly trial: number;
      readonly baseline?: string;
      readonly values?: readonly number[];
      readonly reason?: string;
      readonly metrics: TrialMetrics;
    }
  | { readonly kind: "note"; readonly level: "info" | "warn"; readonly message: string };

/** For the header of the live view and of the report. */
export interface StudyFacts {
  readonly space: string;
  /** Number of genotypes, as text (`5.2e36`), if finite. */
  readonly spaceSize?: string;
  readonly controller: string;
  readonly data: string;
  /** What stands in for the data that was asked for, once that is known. */
  readonly substitute?: string;
  readonly evaluator: string;
  readonly workers: number;
  readonly engine: string;
  readonly budget: { readonly trials?: number; readonly hours?: number; readonly target?: number };
}
