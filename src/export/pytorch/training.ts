/** @file What train.py is told: a recipe of training (`Recipe` of `src/training` is one), and what of a network it can train. */
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Network } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";

/** The numbers of a training. Their meaning is that of `Recipe`, whose fields they are; what only a teacher needs is left out. */
export interface TrainingNumbers {
  readonly batchSize: number;
  readonly learningRate: number;
  readonly finalLearningRate: number;
  readonly warmupEpochs: number;
  readonly optimizer: "sgd" | "rmsprop" | "adamw";
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly squareDecay: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly schedule: "cosine" | "step" | "exponential" | "constant";
  readonly decayEpochs: number;
  readonly decayRate: number;
  readonly labelSmoothing: number;
  readonly clipNorm: number;
  readonly dropPathRate: number;
  readonly dropout: number;
  readonly auxiliaryWeight: number;
  readonly emaDecay: number;
  readonly zeroLastGamma: boolean;
  readonly cropPadding: number;
  readonly flip: boolean;
  readonly autoAugment: boolean;
  readonly cutout: number;
  readonly mixup: number;
}

/** A training to be written out beside the model. */
export interface ExportTraining {
  /** For people: `bag-of-tricks`. */
  readonly name: string;
  readonly recipe: TrainingNumbers;
  readonly epochs: number;
}

/** Throws `config` where a network doesn't take CIFAR-10's images or has other than ten classes: train.py reads its files alone. */
export function checkTrainable(network: Network): void {
  const shapes = inferShapes(network);
  const image = shapes.get(network.nodes.find(({ op }) => op === "input")?.id ?? "") ?? [];
  const classes = shapes.get(network.outputs.logits)?.[0];
  if (image.join() !== "32,32,3" || classes !== 10)
    throw new CellwrightError(
      "config",
      expected(
        `${network.name}: training script`,
        "a network for CIFAR-10: images of 32 x 32 x 3 and 10 classes",
        `${image.join(" x ")} and ${classes} classes`,
      ),
    );
}
