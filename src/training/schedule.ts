/** @file What changes with training progress: the learning rate and the drop-path rate, as functions of the step. */
import type { Recipe } from "./recipe.ts";

/** Length of a training in steps. */
export interface Span {
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/**
 * Returns the learning rate of a step (from 0): linear warm-up to the peak, then half a cosine to the final rate (SGDR without restarts,
 * arXiv 1608.03983; NASNet's "single period cosine"). The first step is above 0 and the last still learns.
 */
export function learningRateAt(recipe: Recipe, step: number, span: Span): number {
  const total = span.stepsPerEpoch * span.epochs;
  const warmup = Math.min(Math.round(recipe.warmupEpochs * span.stepsPerEpoch), Math.floor(total / 4));
  if (step < warmup) return (recipe.learningRate * (step + 1)) / (warmup + 1);
  const progress = (step - warmup) / (total - warmup);
  const { learningRate: peak, finalLearningRate: end } = recipe;
  return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Returns the drop-path rate of a step: linear in training progress (ScheduledDropPath; NASNet, appendix A.5). Each node scales it by its depth. */
export function dropPathRateAt(recipe: Recipe, step: number, span: Span): number {
  return recipe.dropPathRate * Math.min(1, step / (span.stepsPerEpoch * span.epochs));
}
