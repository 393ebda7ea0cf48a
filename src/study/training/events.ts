/** @file What happens in a training run, for whoever shows it. */
import type { ClassificationMetrics, EpochSummary, StepFigures } from "../../training/index.ts";
import type { Weights } from "../../network/index.ts";

export type TrainingEvent =
  | { readonly kind: "step"; readonly figures: StepFigures }
  /** `imagesPerSecond` is the epoch's own, its evaluation left out. */
  | { readonly kind: "epoch"; readonly summary: EpochSummary; readonly imagesPerSecond: number }
  /** The epoch's evaluation, or the test at the end: 0 to 1 of the whole training. */
  | { readonly kind: "progress"; readonly fraction: number }
  /** Kept: finished epochs, and steps of the one after. */
  | { readonly kind: "checkpoint"; readonly epochs: number; readonly steps: number }
  /** The trained network is tested. */
  | { readonly kind: "testing"; readonly done: number; readonly of: number };

/** How a run ended. */
export type TrainingEnding =
  | {
      readonly state: "complete";
      readonly history: readonly EpochSummary[];
      /** The average of the weights where the recipe keeps one. */
      readonly weights: Weights;
      /** On the test split. */
      readonly test: ClassificationMetrics;
    }
  /** Stopped by its user; `steps` of the epoch after `epochs` are done and kept. */
  | { readonly state: "stopped"; readonly epochs: number; readonly steps: number }
  | { readonly state: "failed"; readonly reason: string };
