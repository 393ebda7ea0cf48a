/** @file How a network is trained, as data: a flat record of numbers and switches, so that a space can search it and a flag can set it. */
import { z } from "zod";
import { numberBetween, parseOptions, wholeNumber, yesOrNo } from "../data/options.ts";
import type { LossOptions, OptimizerOptions } from "../engines/engine.ts";
import type { RecipeOverrides } from "../space/space.ts";

export interface Recipe {
  readonly batchSize: number;
  /** Peak of the schedule. */
  readonly learningRate: number;
  /** Where the cosine ends. */
  readonly finalLearningRate: number;
  /** Epochs (also parts of one) of linear growth from near 0 to the peak. Never more than a quarter of the training. */
  readonly warmupEpochs: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Of kernels only. */
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  /** Global gradient norm; 0 for no clipping. */
  readonly clipNorm: number;
  /** Drop-path rate at the end of training; it grows linearly from 0 (ScheduledDropPath). */
  readonly dropPathRate: number;
  /** Of the auxiliary head's loss, where the network has one. */
  readonly auxiliaryWeight: number;
  /** Pixels of padding around an image before the random crop. */
  readonly cropPadding: number;
  readonly flip: boolean;
  /** Side of the square that is cut out; 0 for none. */
  readonly cutout: number;
}

const recipeSchema: z.ZodType<Recipe> = z.strictObject({
  batchSize: wholeNumber(1),
  learningRate: numberBetween(0, 100),
  finalLearningRate: numberBetween(0, 100),
  warmupEpochs: numberBetween(0, Infinity),
  momentum: numberBetween(0, 1),
  nesterov: yesOrNo(),
  weightDecay: numberBetween(0, 1),
  labelSmoothing: numberBetween(0, 1),
  clipNorm: numberBetween(0, Infinity),
  dropPathRate: numberBetween(0, 0.95),
  auxiliaryWeight: numberBetween(0, Infinity),
  cropPadding: wholeNumber(0),
  flip: yesOrNo(),
  cutout: wholeNumber(0),
});

/** The published CIFAR training of NASNet (arXiv 1707.07012 and its released code): made for 600 epochs. */
const nasnetPaper: Recipe = {
  batchSize: 32,
  learningRate: 0.025,
  finalLearningRate: 0,
  warmupEpochs: 0,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
  labelSmoothing: 0,
  clipNorm: 5,
  dropPathRate: 0.4,
  auxiliaryWeight: 0.4,
  cropPadding: 4,
  flip: true,
  cutout: 0,
};

/**
 * Recipes by name.
 *
 * - `nasnet-paper`: as published. Batch 32, peak 0.025, one cosine, decay 5e-4, clip 5, auxiliary head 0.4, drop path up to 0.4.
 * - `nasnet-cifar`: the same for short training (a few epochs of a few thousand images). Differences, each for that reason: a higher
 *   peak reached by warm-up and Nesterov momentum, because there are hundreds of steps, not 937,500; no drop path, less weight decay
 *   and crops of 2 pixels, because a short training underfits.
 * - `nasnet-cifar-retrain`: for tens of epochs: `nasnet-cifar` with the published weight decay and crops. Still no drop path: a network of
 *   the proxy's size does not overfit in that time.
 */
export const recipes = {
  "nasnet-paper": nasnetPaper,
  "nasnet-cifar": {
    ...nasnetPaper,
    learningRate: 0.1,
    warmupEpochs: 0.5,
    nesterov: true,
    weightDecay: 2e-4,
    dropPathRate: 0,
    cropPadding: 2,
  },
  "nasnet-cifar-retrain": {
    ...nasnetPaper,
    learningRate: 0.1,
    warmupEpochs: 1,
    nesterov: true,
    dropPathRate: 0,
  },
} as const satisfies Readonly<Record<string, Recipe>>;

export type RecipeName = keyof typeof recipes;

export const recipeNames = Object.keys(recipes) as [RecipeName, ...RecipeName[]];

/** Returns the recipe with overrides laid over it, checked. `place` names it in errors: `evaluator.recipe`. Throws `config`. */
export function mergeRecipe(recipe: Recipe, overrides: RecipeOverrides | Partial<Recipe>, place: string): Recipe {
  return parseOptions(recipeSchema, { ...recipe, ...overrides }, place);
}

/** Returns the part of a recipe that an engine is opened with. */
export function engineOptions(recipe: Recipe): { readonly optimizer: OptimizerOptions; readonly loss: LossOptions } {
  const { momentum, nesterov, weightDecay, clipNorm, labelSmoothing, auxiliaryWeight } = recipe;
  return {
    optimizer: { momentum, nesterov, weightDecay, ...(clipNorm > 0 && { clipNorm }) },
    loss: { labelSmoothing, auxiliaryWeight },
  };
}
