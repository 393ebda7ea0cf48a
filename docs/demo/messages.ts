/** @file What the page and its worker say to each other. */
import type { ErrorCode } from "../../src/base/errors.ts";
import type { Labels } from "../../src/data/dataset.ts";
import type { Source } from "./pictures.ts";
import type { Evaluation, Settings, Step } from "./trainer.ts";

/** Some of the held-out pictures, to be shown. */
export interface Examples {
  /** Where each stands among the held-out pictures. */
  readonly indices: readonly number[];
  readonly labels: Labels;
  /** `[picture, 32, 32, 3]`. */
  readonly pixels: Uint8Array;
}

export interface PicturesRead {
  readonly source: Source["kind"];
  readonly name: string;
  readonly classes: readonly string[];
  readonly trainable: number;
  readonly heldOut: number;
  readonly examples: Examples;
}

/** To the worker. */
export type Order =
  | { readonly kind: "read"; readonly source: Source }
  | { readonly kind: "begin"; readonly settings: Settings }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "reset" }
  | { readonly kind: "classify"; readonly pixels: Uint8Array };

/** From the worker. */
export type Report =
  | { readonly kind: "ready"; readonly target: string }
  | { readonly kind: "read"; readonly pictures: PicturesRead }
  | { readonly kind: "begun"; readonly totalSteps: number }
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "evaluation"; readonly evaluation: Evaluation }
  | { readonly kind: "classified"; readonly probabilities: Float32Array }
  | { readonly kind: "paused" }
  | { readonly kind: "finished" }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The server has no file of pictures. */
  readonly isMissing: boolean;
}
