/**
 * @file One training, a step at a time: what src/training/train.ts does, for whoever wants to draw each step, wait between two of them, or look at
 * predictions in the middle of an epoch. The same seed gives the same losses as there, to the bit. Runs in a browser and in Node alike.
 */
import type { Engine } from "cellwright/engines/wasm";
import { createRng } from "../../src/base/rng.ts";
import { createBatcher, epochShape, evaluationBatches, trainingBatches } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { engineOptions, recipes } from "../../src/training/recipe.ts";
import { dropPathRateAt, learningRateAt } from "../../src/training/schedule.ts";
import { model } from "./model.ts";

export interface Settings {
  /** Training pictures, class-balanced. */
  readonly pictures: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Seeds weights, order and augmentation. */
  readonly seed: number;
}

/** One step done. */
export interface Step {
  /** From 1, over the whole training. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  readonly learningRate: number;
  /** Mean over the batch. */
  readonly loss: number;
  /** Pictures of the batch that the network got right, before it learned from them. */
  readonly correct: number;
  /** Pictures in the batch. */
  readonly size: number;
  /** Time of the step and of making its batch. */
  readonly ms: number;
}

/** The held-out pictures after some steps. */
export interface Evaluation {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Row-major `[true class, predicted class]`, counts. */
  readonly confusion: Uint32Array;
  /** Row-major `[picture, class]`. */
  readonly probabilities: Float32Array;
}

export interface Training {
  readonly totalSteps: number;
  /** Whether held-out pictures are worth another look after this step: four times an epoch, and at its end. */
  isEvaluationDue(step: number): boolean;
  /** Trains. Whoever takes the steps decides when the next one comes. */
  steps(): AsyncGenerator<Step, void, void>;
  evaluate(): Promise<Evaluation>;
  /** Returns the probabilities of each class for one picture, bytes `[32, 32, 3]`. */
  classify(pixels: Uint8Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens a training. Throws what the engine throws. */
export async function openTraining(engine: Engine, dataset: Dataset, settings: Settings): Promise<Training> {
  const { epochs, seed } = settings;
  const recipe = { ...recipes["nasnet-cifar"], batchSize: settings.batchSize };
  const { steps: stepsPerEpoch, batch: batchSize } = epochShape(dataset.train.size, recipe.batchSize);
  const span = { stepsPerEpoch, epochs };
  const session = await engine.open(model, { batchSize, seed, ...engineOptions(recipe) });
  const rng = createRng(seed).fork("data");
  const classes = dataset.train.classes.length;
  let done = 0;

  async function predict(images: Float32Array, size: number): Promise<Float32Array> {
    const probabilities = await session.predict(images, size);
    for (let row = 0; row < size; row++) softmax(probabilities.subarray(row * classes, (row + 1) * classes));
    return probabilities;
  }

  return {
    totalSteps: stepsPerEpoch * epochs,

    isEvaluationDue: (step) => Math.floor((4 * step) / stepsPerEpoch) > Math.floor((4 * (step - 1)) / stepsPerEpoch),

    async *steps() {
      const batcher = createBatcher(dataset, dataset.train, batchSize);
      for (let epoch = 0; epoch < epochs; epoch++) {
        const batches = trainingBatches(batcher, dataset.train.size, epoch, recipe, rng);
        let began = performance.now();
        for (const batch of batches) {
          const learningRate = learningRateAt(recipe, done, span);
          const dropPathRate = dropPathRateAt(recipe, done, span);
          const { loss, correct } = await session.trainStep(batch, { step: done, learningRate, dropPathRate });
          const ms = performance.now() - began;
          done++;
          yield { step: done, epoch: epoch + 1, learningRate, loss, correct, size: batch.size, ms };
          began = performance.now();
        }
      }
    },

    async evaluate() {
      const { validation: heldOut } = dataset;
      const confusion = new Uint32Array(classes * classes);
      const probabilities = new Float32Array(heldOut.size * classes);
      let loss = 0;
      let correct = 0;
      let seen = 0;
      for (const batch of evaluationBatches(createBatcher(dataset, heldOut, batchSize), heldOut.size, rng)) {
        probabilities.set(await predict(batch.images, batch.size), seen * classes);
        for (const label of batch.labels) {
          const row = probabilities.subarray(seen * classes, (seen + 1) * classes);
          const guess = row.indexOf(Math.max(...row));
          // What 32 bits can't tell from impossible costs 87, not infinity.
          loss -= Math.log(Math.max(row[label] as number, 1e-38));
          correct += Number(guess === label);
          confusion[label * classes + guess] = (confusion[label * classes + guess] as number) + 1;
          seen++;
        }
      }
      return { step: done, loss: loss / seen, accuracy: correct / seen, confusion, probabilities };
    },

    async classify(pixels) {
      const set = { ...dataset.validation, size: 1, pixels, labels: new Uint8Array(1) };
      const [batch] = evaluationBatches(createBatcher(dataset, set, 1), 1, rng);
      return batch === undefined ? new Float32Array(classes) : predict(batch.images, 1);
    },

    close: () => session.close(),
  };
}

/** Turns logits into probabilities where they stand. */
function softmax(logits: Float32Array): void {
  const largest = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  for (let i = 0; i < logits.length; i++) logits[i] = Math.exp((logits[i] as number) - largest) / sum;
}
