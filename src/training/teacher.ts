/**
 * @file Distillation (Hinton, Vinyals and Dean 2015, arXiv 1503.02531): a trained network's probabilities are part of the targets. The teacher sees the
 * images that the student sees, crops and mixtures included.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Batch, Engine, Session } from "../engines/engine.ts";
import { networkSizes, type Network, type Weights } from "../network/index.ts";
import type { Recipe } from "./recipe.ts";

/** A trained network. */
export interface Teacher {
  readonly network: Network;
  readonly weights: Weights;
}

export interface OpenTeacher {
  /** Returns the batch with targets (1 - w) * its own + w * softmax(teacher's logits / T). */
  teach(batch: Batch): Promise<Batch>;
  close(): Promise<void>;
}

/** Opens a teacher for students of these sizes. Throws `config` where its images or classes are others, and what the engine throws. */
export async function openTeacher(
  engine: Engine,
  { network, weights }: Teacher,
  student: Network,
  recipe: Recipe,
  batchSize: number,
): Promise<OpenTeacher> {
  const [own, wanted] = [networkSizes(network), networkSizes(student)];
  if (own.input.join() !== wanted.input.join() || own.classes !== wanted.classes)
    throw new CellwrightError(
      "config",
      expected(
        `teacher ${network.name}`,
        `images of ${wanted.input.join(" x ")} and ${wanted.classes} classes, as ${student.name} has`,
        `${own.input.join(" x ")} and ${own.classes} classes`,
      ),
    );
  const session: Session = await engine.open(network, {
    batchSize,
    seed: 0,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    weights,
    training: false,
  });
  const { classes } = own;
  const { distillWeight: weight, distillTemperature: temperature } = recipe;
  return {
    async teach(batch) {
      const logits = await session.predict(batch.images, batch.size);
      return { ...batch, targets: mixTargets(batch, logits, classes, weight, temperature) };
    },
    close: () => session.close(),
  };
}

/** Returns the targets of a batch with the teacher's share in them, row-major `[n, classes]`. */
export function mixTargets(
  { size, labels, targets }: Batch,
  logits: ArrayLike<number>,
  classes: number,
  weight: number,
  temperature: number,
): Float32Array {
  const mixed = new Float32Array(size * classes);
  for (let image = 0; image < size; image++) {
    const start = image * classes;
    let largest = -Infinity;
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[start + k] as number);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(((logits[start + k] as number) - largest) / temperature);
    for (let k = 0; k < classes; k++) {
      const soft = Math.exp(((logits[start + k] as number) - largest) / temperature) / sum;
      const hard = targets === undefined ? (labels[image] === k ? 1 : 0) : (targets[start + k] as number);
      mixed[start + k] = (1 - weight) * hard + weight * soft;
    }
  }
  return mixed;
}
