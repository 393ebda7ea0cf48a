/** @file What changes with training progress: the learning rate and the drop-path rate, as functions of the step. */
import { unreachable } from "../base/errors.ts";
import type { Recipe } from "./recipe.ts";

/** Length of a training in steps. */
export interface Span {
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/**
 * Returns the learning rate of a step (from 0): linear warm-up to the peak, then the recipe's schedule. `cosine` is half a cosine to the final
 * rate (SGDR without restarts, arXiv 1608.03983; NASNet's "single period cosine"); `step` and `exponential` fall by `decayRate` in every
 * `decayEpochs` after the warm-up, at once or little by little, and end at the final rate. The first step is above 0 and the last still learns.
 */
export function learningRateAt(recipe: Recipe, step: number, span: Span): number {
  const { learningRate: peak, finalLearningRate: end } = recipe;
  const total = span.stepsPerEpoch * span.epochs;
  const warmup = Math.min(Math.round(recipe.warmupEpochs * span.stepsPerEpoch), Math.floor(total / 4));
  if (step < warmup) return (peak * (step + 1)) / (warmup + 1);
  const decays = (step - warmup) / (recipe.decayEpochs * span.stepsPerEpoch);
  switch (recipe.schedule) {
    case "cosine":
      return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * ((step - warmup) / (total - warmup))));
    case "step":
      return Math.max(end, peak * recipe.decayRate ** Math.floor(decays));
    case "exponential":
      return Math.max(end, peak * recipe.decayRate ** decays);
    case "constant":
      return peak;
    default:
      return unreachable(recipe.schedule);
  }
}

/** Returns the drop-path rate of a step: linear in training progress (ScheduledDropPath; NASNet, appendix A.5). Each node scales it by its depth. */
export function dropPathRateAt(recipe: Recipe, step: number, span: Span): number {
  return recipe.dropPathRate * Math.min(1, step / (span.stepsPerEpoch * span.epochs));
}
