/** @file The demo's training, step by step, is the framework's own: the same losses and accuracies to the bit. */
import { beforeAll, expect, test } from "vitest";
import { model, modelCells, modelCost } from "../../../docs/demo/model.ts";
import { readPictures, splitPictures } from "../../../docs/demo/pictures.ts";
import { openTraining, type Settings, type Step } from "../../../docs/demo/trainer.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { recipes } from "../../../src/training/recipe.ts";
import { train } from "../../../src/training/train.ts";

const settings: Settings = { pictures: 80, epochs: 2, batchSize: 16, seed: 3 };
let dataset: Dataset;

beforeAll(async () => {
  const pictures = await readPictures({ kind: "drawn" });
  dataset = splitPictures({ ...pictures, heldOut: 40 }, settings.pictures);
});

test("the network is NASNet-A at N = 1, F = 8", () => {
  expect(modelCost).toMatchObject({ params: 72_370 });
  expect(modelCells.map(({ name, outputs }) => [name, outputs])).toEqual([
    ["normal", [1, 2, 3, 4, 5, 6]],
    ["reduction", [3, 4, 5, 6]],
  ]);
});

test("steps and evaluations are those of the training loop", async () => {
  const engine = await openNativeEngine();
  const { history } = await train({
    engine,
    network: model,
    dataset,
    recipe: { ...recipes["nasnet-cifar"], batchSize: settings.batchSize },
    epochs: settings.epochs,
    seed: settings.seed,
  });

  const training = await openTraining(engine, dataset, settings);
  const steps: Step[] = [];
  const accuracies: number[] = [];
  const losses: number[] = [];
  for await (const step of training.steps()) {
    steps.push(step);
    if (step.step % 5 !== 0) continue;
    const { accuracy, loss, step: after, confusion } = await training.evaluate();
    expect(after).toBe(step.step);
    expect(confusion.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(confusion.filter((_, at) => at % 11 === 0).reduce((sum, count) => sum + count, 0)).toBe(accuracy * 40);
    accuracies.push(accuracy);
    losses.push(loss);
  }
  expect(training.totalSteps).toBe(10);
  expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
    Array.from({ length: 10 }, (_, i) => [i + 1, i < 5 ? 1 : 2]),
  );
  const means = [steps.slice(0, 5), steps.slice(5)].map((epoch) => ({
    trainLoss: epoch.reduce((sum, { loss, size }) => sum + loss * size, 0) / 80,
    trainAccuracy: epoch.reduce((sum, { correct }) => sum + correct, 0) / 80,
  }));
  expect(means).toEqual(history.map(({ trainLoss, trainAccuracy }) => ({ trainLoss, trainAccuracy })));
  expect(accuracies).toEqual(history.map(({ accuracy }) => accuracy));
  // From probabilities in 32 bits instead of the engine's logits.
  losses.forEach((loss, i) => expect(loss).toBeCloseTo(history[i]?.loss ?? 0, 5));

  const { pixels, labels } = dataset.validation;
  const one = await training.classify(pixels.subarray(0, 3072));
  const { probabilities } = await training.evaluate();
  expect(one.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  one.forEach((share, label) => expect(share).toBeCloseTo(probabilities[label] ?? 0, 5));
  expect(labels[0]).toBeLessThan(10);
  await training.close();
});

test("held-out pictures are looked at four times an epoch and at its end, whatever its length", async () => {
  const engine = await openNativeEngine();
  for (const [pictures, due] of [
    [48, [1, 2, 3, 4, 5, 6]],
    [80, [2, 3, 4, 5, 7, 8, 9, 10]],
  ] as const) {
    const some = { ...dataset, train: { ...dataset.train, size: pictures } };
    const training = await openTraining(engine, some, settings);
    const all = Array.from({ length: training.totalSteps }, (_, i) => i + 1);
    expect(all.filter((step) => training.isEvaluationDue(step))).toEqual(due);
    await training.close();
  }
});
