/** @file How a network is trained, as data: a flat record of numbers and switches, so that a space can search it and a flag can set it. */
import { z } from "zod";
import { unreachable } from "../base/errors.ts";
import { numberBetween, oneOf, parseOptions, wholeNumber, yesOrNo } from "../data/options.ts";
import type { OptimizerOptions, SessionOptions } from "../engines/engine.ts";
import type { RecipeOverrides } from "../space/space.ts";

/** The optimizers a recipe can name. */
export const optimizerNames = ["sgd", "rmsprop", "adamw"] as const;
/** How the learning rate falls after the warm-up. */
export const scheduleNames = ["cosine", "step", "exponential", "constant"] as const;

export interface Recipe {
  readonly batchSize: number;
  /** Peak of the schedule. */
  readonly learningRate: number;
  /** Where the cosine ends, and what steps and exponential decay don't fall below. */
  readonly finalLearningRate: number;
  /** Epochs (also parts of one) of linear growth from near 0 to the peak (arXiv 1706.02677). Never more than a quarter of the training. */
  readonly warmupEpochs: number;
  /** `sgd`; `rmsprop` (TensorFlow's, with momentum after the scaling: MnasNet's and EfficientNet's); `adamw` (arXiv 1711.05101). */
  readonly optimizer: (typeof optimizerNames)[number];
  /** Of SGD and RMSProp; AdamW's beta1. */
  readonly momentum: number;
  /** Of SGD alone. */
  readonly nesterov: boolean;
  /** Decay of the mean of squared gradients: RMSProp's rho, AdamW's beta2. */
  readonly squareDecay: number;
  /** Added to RMSProp's mean before the root, to AdamW's root. */
  readonly epsilon: number;
  /** Of kernels only: biases and batch norm do not decay (arXiv 1812.01187, section 3.1). */
  readonly weightDecay: number;
  /** `cosine` to the end (SGDR without restarts, arXiv 1608.03983); `step` and `exponential` by `decayRate` per `decayEpochs`; or `constant`. */
  readonly schedule: (typeof scheduleNames)[number];
  /** Epochs (also parts of one) in which `step` and `exponential` fall by `decayRate`. */
  readonly decayEpochs: number;
  readonly decayRate: number;
  readonly labelSmoothing: number;
  /** Global gradient norm; 0 for no clipping. */
  readonly clipNorm: number;
  /** Drop-path rate at the end of training; it grows linearly from 0 (ScheduledDropPath). */
  readonly dropPathRate: number;
  /** Rate of the dropout before the classifier, which is put there where the network has none; 0 leaves the network as it is. */
  readonly dropout: number;
  /** Of the auxiliary head's loss, where the network has one. */
  readonly auxiliaryWeight: number;
  /** Decay of an average of the weights, which is evaluated and kept instead of the weights themselves; 0 for none. */
  readonly emaDecay: number;
  /** Begins each residual branch at nothing: the gamma of its last batch norm is 0 (arXiv 1706.02677, section 5.1). */
  readonly zeroLastGamma: boolean;
  /** Pixels of padding around an image before the random crop. */
  readonly cropPadding: number;
  readonly flip: boolean;
  /** AutoAugment's policy for CIFAR-10 (arXiv 1805.09501), after crop and flip and before the square is cut out: colour images alone. */
  readonly autoAugment: boolean;
  /** Side of the square that is cut out; 0 for none. */
  readonly cutout: number;
  /** Alpha of the beta distribution by which two images and their labels are mixed (mixup, arXiv 1710.09412); 0 for none. */
  readonly mixup: number;
  /** Share of the teacher's soft targets in the targets, the labels' being the rest; without a teacher it does nothing. */
  readonly distillWeight: number;
  /** What the teacher's logits are divided by before the softmax (arXiv 1503.02531). */
  readonly distillTemperature: number;
}

const recipeSchema: z.ZodType<Recipe> = z.strictObject({
  batchSize: wholeNumber(1),
  learningRate: numberBetween(0, 100),
  finalLearningRate: numberBetween(0, 100),
  warmupEpochs: numberBetween(0, Infinity),
  optimizer: oneOf(optimizerNames),
  momentum: numberBetween(0, 1),
  nesterov: yesOrNo(),
  squareDecay: numberBetween(0, 1),
  epsilon: numberBetween(0, 1),
  weightDecay: numberBetween(0, 1),
  schedule: oneOf(scheduleNames),
  decayEpochs: numberBetween(0.01, Infinity),
  decayRate: numberBetween(0, 1),
  labelSmoothing: numberBetween(0, 1),
  clipNorm: numberBetween(0, Infinity),
  dropPathRate: numberBetween(0, 0.95),
  dropout: numberBetween(0, 0.95),
  auxiliaryWeight: numberBetween(0, Infinity),
  emaDecay: numberBetween(0, 0.999999),
  zeroLastGamma: yesOrNo(),
  cropPadding: wholeNumber(0),
  flip: yesOrNo(),
  autoAugment: yesOrNo(),
  cutout: wholeNumber(0),
  mixup: numberBetween(0, 100),
  distillWeight: numberBetween(0, 1),
  distillTemperature: numberBetween(0.01, 1000),
});

/**
 * What keys that came after the first recipes are where nobody says otherwise: a training without them. They are left out of what results are
 * keyed by, so that a study's stored results stay its results.
 */
export const laterDefaults = {
  optimizer: "sgd",
  squareDecay: 0.9,
  epsilon: 1e-3,
  schedule: "cosine",
  decayEpochs: 2.4,
  decayRate: 0.97,
  dropout: 0,
  emaDecay: 0,
  zeroLastGamma: false,
  autoAugment: false,
  mixup: 0,
  distillWeight: 0.5,
  distillTemperature: 4,
} as const satisfies Partial<Recipe>;

/** The published CIFAR training of NASNet (arXiv 1707.07012 and its released code): made for 600 epochs. */
const nasnetPaper: Recipe = {
  ...laterDefaults,
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

/** The published training of MnasNet and EfficientNet, its rate for a batch of 4,096 scaled to one of 128 (0.016 per 256, as in their code). */
const mobilePaper: Recipe = {
  ...laterDefaults,
  batchSize: 128,
  learningRate: 0.008,
  finalLearningRate: 0,
  warmupEpochs: 5,
  optimizer: "rmsprop",
  momentum: 0.9,
  nesterov: false,
  weightDecay: 1e-5,
  schedule: "step",
  labelSmoothing: 0,
  clipNorm: 0,
  dropPathRate: 0,
  dropout: 0.2,
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
 * - `darts-paper`: the evaluation on CIFAR-10 as published (arXiv 1806.09055, appendix A.2): batch 96, decay 3e-4, cutout 16, drop path up to 0.2.
 * - `mnasnet-paper`: as published (arXiv 1807.11626, section 5) at a batch of 128, with CIFAR's crops in place of ImageNet's.
 * - `efficientnet-paper`: as published (arXiv 1905.11946, section 5.2) likewise, with drop path 0.2, an average of the weights and AutoAugment, by its policy
 *   for CIFAR-10 in place of ImageNet's.
 * - `bag-of-tricks`: what "Bag of Tricks" stacks (arXiv 1812.01187): warm-up, zero gamma, no decay of biases, cosine, label smoothing, mixup.
 *   For CIFAR: its rate of 0.1 per 256 images at a batch of 128, and five times its weight decay, because there are 26 times fewer images.
 * - `lenet-mnist`: LeNet-5 on MNIST, plain: momentum SGD and a cosine, digits moved by up to 2 pixels, nothing else.
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
  "darts-paper": {
    ...nasnetPaper,
    batchSize: 96,
    weightDecay: 3e-4,
    dropPathRate: 0.2,
    cutout: 16,
  },
  "mnasnet-paper": mobilePaper,
  "efficientnet-paper": { ...mobilePaper, dropPathRate: 0.2, emaDecay: 0.9999, autoAugment: true },
  "bag-of-tricks": {
    ...nasnetPaper,
    batchSize: 128,
    learningRate: 0.05,
    warmupEpochs: 5,
    nesterov: true,
    clipNorm: 0,
    dropPathRate: 0,
    labelSmoothing: 0.1,
    zeroLastGamma: true,
    mixup: 0.2,
  },
  "lenet-mnist": {
    ...nasnetPaper,
    batchSize: 64,
    learningRate: 0.05,
    warmupEpochs: 1,
    nesterov: true,
    weightDecay: 1e-4,
    clipNorm: 0,
    dropPathRate: 0,
    cropPadding: 2,
    flip: false,
  },
} as const satisfies Readonly<Record<string, Recipe>>;

export type RecipeName = keyof typeof recipes;

export const recipeNames = Object.keys(recipes) as [RecipeName, ...RecipeName[]];

/** Where a recipe is from, and the epochs that it was made for. */
export const recipeSources: Readonly<Record<RecipeName, { readonly source: string; readonly epochs: number }>> = {
  "nasnet-paper": { source: "NASNet on CIFAR-10, arXiv 1707.07012", epochs: 600 },
  "nasnet-cifar": { source: "NASNet's for a few epochs", epochs: 4 },
  "nasnet-cifar-retrain": { source: "NASNet's for tens of epochs", epochs: 50 },
  "darts-paper": { source: "DARTS on CIFAR-10, arXiv 1806.09055", epochs: 600 },
  "mnasnet-paper": { source: "MnasNet, arXiv 1807.11626", epochs: 350 },
  "efficientnet-paper": { source: "EfficientNet, arXiv 1905.11946", epochs: 350 },
  "bag-of-tricks": { source: "Bag of Tricks for CIFAR's sizes, arXiv 1812.01187", epochs: 200 },
  "lenet-mnist": { source: "LeNet-5 on MNIST, plain", epochs: 20 },
};

/** Returns the recipe with overrides laid over it, checked. `place` names it in errors: `evaluator.recipe`. Throws `config`. */
export function mergeRecipe(recipe: Recipe, overrides: RecipeOverrides | Partial<Recipe>, place: string): Recipe {
  return parseOptions(recipeSchema, { ...recipe, ...overrides }, place);
}

/**
 * Returns what decides a result of a recipe: every key, except those that came later and are at their defaults. Equal records train alike, and
 * a recipe written before a key was there has the record that it had.
 */
export function recipeRecord(recipe: Recipe): Partial<Recipe> {
  const later: Readonly<Record<string, unknown>> = laterDefaults;
  return Object.fromEntries(
    Object.entries(recipe).filter(([key, value]) => !Object.hasOwn(later, key) || later[key] !== value),
  );
}

/** Returns the part of a recipe that an engine's session is opened with. */
export function engineOptions(recipe: Recipe): Pick<SessionOptions, "optimizer" | "loss" | "averageDecay"> {
  const { labelSmoothing, auxiliaryWeight, emaDecay } = recipe;
  return {
    optimizer: optimizerOf(recipe),
    loss: { labelSmoothing, auxiliaryWeight },
    ...(emaDecay > 0 && { averageDecay: emaDecay }),
  };
}

function optimizerOf(recipe: Recipe): OptimizerOptions {
  const { optimizer, momentum, nesterov, squareDecay, epsilon, weightDecay, clipNorm } = recipe;
  const common = { weightDecay, ...(clipNorm > 0 && { clipNorm }) };
  switch (optimizer) {
    case "sgd":
      return { momentum, nesterov, ...common };
    case "rmsprop":
      return { kind: optimizer, momentum, decay: squareDecay, epsilon, ...common };
    case "adamw":
      return { kind: optimizer, beta1: momentum, beta2: squareDecay, epsilon, ...common };
    default:
      return unreachable(optimizer);
  }
}
