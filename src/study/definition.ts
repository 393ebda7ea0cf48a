/** @file What a study is, as its user writes it: `defineStudy({ space, controller, evaluator, … })`. */
import type { Json } from "../base/canonical-json.ts";
import type { Evaluator } from "../evaluators/evaluator.ts";
import type { Network } from "../network/index.ts";
import type { ControllerDefinition, Objective } from "../search/controller.ts";
import type { Constraints as ConstraintsOf } from "../space/constraints.ts";
import type { AnySpace, SkeletonBase } from "../space/space.ts";

export interface Budget {
  /** Trials to finish (complete, pruned, failed or duplicate). Without it a search also ends after 300 duplicates in a row. */
  readonly trials?: number;
  /** Wall time of searching, counted over resumes. */
  readonly hours?: number;
  /** Stops when the first objective has reached this. */
  readonly target?: number;
}

/** What a candidate has to meet before it is trained, beside the constraints of the space. */
export type Constraints = ConstraintsOf<Network>;

export interface PrunerOptions {
  readonly kind: "median";
  /** Trials that must have finished before anything is pruned. Default 5. */
  readonly startupTrials?: number;
  /** Steps of a trial that are never pruned. Default 1. */
  readonly warmupSteps?: number;
}

export interface RetrainOptions {
  /** How many of the best are retrained. */
  readonly top: number;
  readonly epochs: number;
  /** Training runs per candidate, each with its own seed. Default 1. */
  readonly seeds?: number;
  /** What the retraining measures with (more images, another recipe); absent: the search's evaluator. */
  readonly evaluator?: Evaluator;
}

export interface StudyDefinition {
  /** Folder name under `results/`. Default: the config file's name. */
  readonly name?: string;
  readonly space: AnySpace;
  /** Keys that override the space's default skeleton. */
  readonly skeleton?: SkeletonBase;
  readonly controller: ControllerDefinition;
  readonly evaluator: Evaluator;
  /**
   * Default: the evaluator's first measure, maximised. Each is one of its measures, a cost (`params`, `macs`, `latencyMs`: one image's forward pass on the native engine, measured
   * while no trial runs) or `mnasnetReward({ … })`. Candidates are ranked by the first.
   */
  readonly objectives?: readonly Objective[];
  readonly constraints?: Constraints;
  readonly budget?: Budget;
  readonly pruner?: PrunerOptions;
  readonly retrain?: RetrainOptions;
  /**
   * What the winner is compared with: the id of a network (`resnet-20-cifar`), or false for nothing. Absent: ResNet-18's form for CIFAR-10 at the winner's
   * multiply-accumulates, by its width. It is trained as the winner was, where the evaluator trains networks.
   */
  readonly baseline?: string | false;
  /** `skip`: failed trials count and the search goes on (default). `stop`: the first failure ends it. */
  readonly failedTrials?: "skip" | "stop";
  /** Share of failed trials (of at least 10 finished) above which the search stops with an error. Default 0.5. */
  readonly maxFailedShare?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly workers?: number;
  /** Trials in flight; default: the number of workers. */
  readonly parallelism?: number;
  /** Indices of the GPUs to train on; `[]` for none. Default: all, where TensorFlow.js for GPUs is installed. */
  readonly gpus?: readonly number[];
  /** Workers that share a GPU. Default 1. */
  readonly workersPerGpu?: number;
  /** Limits of one trial: its time, and the memory of its whole worker. What an estimate says will not fit is refused without being trained. */
  readonly limits?: { readonly timeMs?: number; readonly memoryBytes?: number };
  readonly engine?: "auto" | "native" | "tfjs" | "reference";
}

/** What a study file may write: `controller` may be left out or `"auto"`, which picks by space size and budget and says what it picked. */
export type StudyInput = Omit<StudyDefinition, "controller"> & { readonly controller?: ControllerDefinition | "auto" };

/** A study file may name its space by the path of a file, from its own folder on: `space: "./my-cells.yaml"`. `loadStudy` puts the space there. */
export type StudyFileInput = Omit<StudyInput, "space"> & { readonly space: string };

/** What a study file exports that names its space by a path. */
export type StudyFileDefinition = Omit<StudyDefinition, "space"> & { readonly space: string };

/** How a worker, or a resume, finds the definition again: a module's export, with the flags that were laid over it. */
export interface StudyReference {
  /** File URL or absolute path of the module. */
  readonly module: string;
  /** `default` or a named export. */
  readonly export: string;
  /** JSON laid over the definition (from flags). */
  readonly overrides: { readonly [key: string]: Json | undefined };
}

/** What a reference names instead of a file for the built-in study, so that a study outlives a move or an upgrade of the package. */
export const DEFAULT_STUDY_MODULE = "cellwright:default-study";
