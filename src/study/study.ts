/** @file An open study: its folder, its database, its search. */
import type { Outcome } from "../evaluators/evaluator.ts";
import type { RefusalCounts } from "../search/constraints.ts";
import type { Objective } from "../search/controller.ts";
import type { Storage, TrialRecord } from "../storage/storage.ts";
import type { Genotype } from "../space/space.ts";
import type { Baseline, BaselinePlan } from "./baseline-plan.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";
import type { StudyEvent, StudyFacts } from "./events.ts";
import type { StudyFront } from "./front.ts";
import type { RankedTrial } from "./ranking.ts";

/** A trial taken by hand with `ask`. */
export interface AskedTrial {
  readonly number: number;
  readonly genotype: Genotype;
  readonly seed: number;
  readonly epochs?: number;
  /** Set where the trial needs no measuring: it was refused, or took a stored result. It is told already. */
  readonly settled?: TrialRecord;
}

export interface StudyStatus {
  readonly name: string;
  readonly dir: string;
  readonly trials: {
    readonly complete: number;
    readonly pruned: number;
    readonly failed: number;
    readonly duplicates: number;
    readonly unfinished: number;
  };
  /** Candidates that the constraints refused untrained: draws that no trial came of, and trials that were rejected. */
  readonly refused: RefusalCounts;
  readonly best?: TrialRecord;
  /** Of a study with several objectives: what no other trial betters in one without losing in another. */
  readonly front?: StudyFront;
  readonly elapsedMs: number;
  readonly retrained: number;
  readonly budget: NonNullable<StudyDefinition["budget"]>;
}

export interface RunSignals {
  /** Stops after the running epochs; what runs is kept for `resume`. */
  readonly signal?: AbortSignal;
  /** Stops at once. */
  readonly hardSignal?: AbortSignal;
}

export interface Study {
  readonly name: string;
  /** Absolute path of `results/<name>`. */
  readonly dir: string;
  readonly definition: StudyDefinition;
  /** Where the definition is; undefined for one made in code. */
  readonly reference: StudyReference | undefined;
  readonly objectives: readonly Objective[];
  readonly facts: StudyFacts;
  readonly storage: Storage;
  /**
   * Searches until the budget is spent; goes on where an earlier run stopped. Leaving the loop early stops the search at once. Throws `config`
   * while another run or a retraining goes on, and while a trial taken with `ask` has not been told.
   */
  run(
    options?: RunSignals & {
      /**
       * Says that `retrain` follows, as the definition has it: a worker with nothing more to search begins with what is sure to be among the best
       * while the last trials run.
       */
      readonly thenRetrain?: boolean;
    },
  ): AsyncIterable<StudyEvent>;
  /** Retrains the best distinct trials; those already retrained with the same epochs and seed are not again. `trials` names them instead. */
  retrain(
    options?: RunSignals & {
      readonly top?: number;
      readonly epochs?: number;
      readonly seeds?: number;
      readonly trials?: readonly number[];
    },
  ): AsyncIterable<StudyEvent>;
  /**
   * Trains the baseline that the winner stands beside (`baseline` of the definition), as the winner was trained last; what was trained before is not again.
   * Nothing happens where there is none.
   */
  trainBaseline(options?: RunSignals): AsyncIterable<StudyEvent>;
  /** What is to be trained as the baseline, or undefined for nothing; and what its training came to, as far as it has been trained. */
  baseline(): Promise<{ readonly plan: BaselinePlan; readonly left: number; readonly trained?: Baseline } | undefined>;
  /**
   * Takes a trial by hand, first those that an earlier run left unfinished; tell its result with `tell`. `wait` and `done` are the
   * controller's. Calls may overlap. Throws `config` while a search goes on.
   */
  ask(): Promise<AskedTrial | "wait" | "done">;
  /**
   * Tells what a trial taken with `ask` measured: values by objective name (costs that are known may be left out, a reward is told by its measure), or a whole outcome with its values in the order of the
   * objectives. Throws `config` naming what is wrong with it; the trial can then be told again.
   */
  tell(number: number, result: Readonly<Record<string, number>> | Outcome): Promise<TrialRecord>;
  /** Trials in their final order, retrained first. */
  top(): Promise<readonly RankedTrial[]>;
  status(): Promise<StudyStatus>;
  /** Stops what goes on at once, ends workers, gives the lock back. */
  close(): Promise<void>;
}
