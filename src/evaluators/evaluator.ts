/**
 * @file What crosses to a worker, and what a trial measures. A task is JSON; the user's modules (space, evaluator, data set) go by
 * reference: the worker loads the study's module itself, as the parent did.
 */
import type { Logger } from "../base/logger.ts";
import type { Rng } from "../base/rng.ts";
import type { Genotype, RecipeOverrides, SkeletonBase } from "../space/space.ts";
import type { Network } from "../network/network.ts";

/** One attempt at one trial, as JSON. */
export interface Task {
  readonly trial: number;
  /** 0 for the first attempt. Reports of a dead attempt are dropped. */
  readonly attempt: number;
  /** `retrain` runs the study's retraining evaluator. */
  readonly phase: "search" | "retrain";
  readonly genotype: Genotype;
  readonly skeleton: SkeletonBase;
  /** Stands for what the genotype decodes to: a baseline's. */
  readonly network?: Network;
  readonly recipe: RecipeOverrides;
  /** Absent: the evaluator's own. */
  readonly epochs?: number;
  /** Seeds weights, data order and masks of this trial. */
  readonly seed: number;
  /** Folder for this trial's own files (log, checkpoint), or absent for none. */
  readonly dir?: string;
  /** Whether to leave the trained weights in `dir` as `weights.safetensors`. */
  readonly saveWeights?: boolean;
  /** Folder of the trial whose checkpoint to continue from. */
  readonly continueFrom?: string;
  /** Upper bounds under which the trial may train. */
  readonly limits: { readonly memoryBytes?: number; readonly timeMs?: number };
}

/** Facts beside the objective values: plain JSON, stored with the trial. Well-known keys are listed; an evaluator may add its own. */
export interface TrialMetrics {
  readonly accuracy?: number;
  readonly loss?: number;
  readonly params?: number;
  readonly total?: number;
  readonly macs?: number;
  /** Of one image's forward pass, measured before training, where a constraint limits it. */
  readonly latencyMs?: number;
  readonly epochs?: number;
  /** Training images seen. */
  readonly imagesTrained?: number;
  /** Time in train steps, without waiting, validation or set-up. */
  readonly trainMs?: number;
  /** Time in the evaluator, all of it. */
  readonly totalMs?: number;
  readonly imagesPerSecond?: number;
  readonly peakMemoryBytes?: number;
  readonly estimatedMemoryBytes?: number;
  readonly engine?: string;
  readonly [key: string]: number | string | boolean | undefined;
}

/** How an attempt ended. Failure of a trial is data. */
export type Outcome =
  | { readonly state: "complete"; readonly values: readonly number[]; readonly metrics: TrialMetrics }
  | { readonly state: "pruned"; readonly values?: readonly number[]; readonly metrics: TrialMetrics }
  | { readonly state: "failed"; readonly reason: string; readonly metrics: TrialMetrics };

/** Progress of an attempt. `step` counts epochs from 1 (or whatever the evaluator counts in); `values` are the objectives so far. */
export interface Report {
  readonly trial: number;
  readonly attempt: number;
  readonly step: number;
  readonly values: readonly number[];
  readonly metrics: TrialMetrics;
}

/** Progress within a step, for the live view and for who watches that the attempt gets on; never stored. */
export interface Heartbeat {
  readonly trial: number;
  readonly attempt: number;
  /** Training images since the attempt began. */
  readonly imagesTrained: number;
  /** 0 to 1 of the whole attempt. */
  readonly fraction: number;
  /** The attempt has hung if neither a heartbeat nor a report follows within this time; absent: nobody knows how long it takes. */
  readonly nextWithinMs?: number;
}

export interface EvaluationContext {
  readonly network: Network;
  /** Stores a step's values and asks the pruner: the answer is whether to go on. */
  readonly report: (report: {
    step: number;
    values: readonly number[];
    metrics?: TrialMetrics;
  }) => Promise<"continue" | "stop">;
  /** Cheap and frequent; may be dropped. */
  readonly heartbeat: (beat: { imagesTrained: number; fraction: number; nextWithinMs?: number }) => void;
  /** Aborted when the trial is to end at once. */
  readonly signal: AbortSignal;
  readonly rng: Rng;
  readonly logger: Logger;
}

export interface PrepareContext {
  readonly logger: Logger;
  readonly dataDir?: string | undefined;
  readonly engine?: string | undefined;
  /** False never downloads. Default true. */
  readonly download?: boolean | undefined;
}

/** What workers will load. */
export interface Provision {
  /** For people: a folder, `synthetic`. */
  readonly source: string;
  /** To be said loudly. */
  readonly warning?: string;
  /** Set where other data stands in for what was asked for: what to call it (`synthetic images, CIFAR-10 not found`). A study never mixes the two. */
  readonly substitute?: string;
}

/** What a trial measures: proxy training, a benchmark table, the user's own function. Lives in the worker. */
export interface Evaluator {
  readonly name: string;
  /** What makes two measurements comparable: everything of the options that changes the result, hashed. */
  readonly key: string;
  /** Names of what `values` holds, in order. The first is the default objective. */
  readonly measures: readonly string[];
  /** Set where a network and a recipe are all that decides what is measured, so that a network from outside of the space can be measured alike: a baseline. */
  readonly trainsNetworks?: true;
  /** Set where measuring takes milliseconds, as a look into a table does: a controller that thinks for longer would be most of the search. */
  readonly isQuick?: true;
  /** Plain JSON, for the report and the stored config. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Loads what is loaded once per worker (the data set, the engine). Called before the first task; throws `data` or `engine`. */
  prepare?(context: PrepareContext): Promise<void>;
  /**
   * Makes available what workers will load (finds the data, or downloads it), and says what they will get. Called once by the parent
   * before workers start, which then prepare with `download: false`, so that all of them load the same. Throws `data`.
   */
  provide?(context: {
    readonly dataDir?: string | undefined;
    /** What the study says; absent: the fastest there is. */
    readonly engine?: string | undefined;
    readonly onProgress?: ((message: string) => void) | undefined;
  }): Promise<Provision>;
  evaluate(task: Task, context: EvaluationContext): Promise<Outcome>;
  /** Returns the same evaluator with some of its options replaced, so that flags can set them (`--epochs 3`). Throws `config`. */
  with?(options: Readonly<Record<string, unknown>>): Evaluator;
}
