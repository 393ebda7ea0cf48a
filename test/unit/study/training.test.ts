/** @file A training run's parts: what fits the memory, what data is trained on, what a run is identified by. */
import { describe, expect, it } from "vitest";
import type { Engine } from "../../../src/engines/engine.ts";
import { mergeRecipe, recipes, type Recipe } from "../../../src/training/index.ts";
import { fromStored, identityOf, toStored, type TrainingConfig } from "../../../src/study/training/config.ts";
import { trainingData } from "../../../src/study/training/data.ts";
import { choosePart, usualMemory } from "../../../src/study/training/memory.ts";
import { metricsCsv } from "../../../src/study/training/metrics-csv.ts";
import { smallNetwork, smallRecipe, stubEngine } from "../../support/small-training.ts";

/** A thousand bytes an image. */
const engine: Engine = {
  ...stubEngine(() => 0),
  estimateMemory: (_, batchSize) => ({ bytes: 1000 * batchSize }),
};

describe("choosePart", () => {
  const choose = (maxBytes: number, changes: object = {}) =>
    choosePart(engine, { network: smallNetwork }, mergeRecipe(smallRecipe, changes, "recipe"), 96, 500, maxBytes);

  it("takes the whole batch where it fits, else halves it until it does", () => {
    expect(choose(96_500)).toEqual({ largestPart: 96, parts: 1, bytes: 96_500 });
    expect(choose(96_499)).toEqual({ largestPart: 48, parts: 2, bytes: 48_500 });
    expect(choose(20_000)).toMatchObject({ largestPart: 12, parts: 8 });
    expect(choose(2_600)).toMatchObject({ largestPart: 2, parts: 48 });
  });

  it("asks the engine with the recipe's optimizer and average", () => {
    const asked: unknown[] = [];
    const listening: Engine = {
      ...engine,
      estimateMemory(_, batchSize, options) {
        asked.push(options);
        return { bytes: batchSize };
      },
    };
    const recipe = mergeRecipe(smallRecipe, { optimizer: "adamw", emaDecay: 0.9 }, "recipe");
    choosePart(listening, { network: smallNetwork, teacher: smallNetwork }, recipe, 8, 0, 1e9);
    // A teacher has neither.
    expect(asked).toMatchObject([{ optimizer: { kind: "adamw" }, averageDecay: 0.9 }, undefined]);
    expect(asked[1]).toBeUndefined();
  });

  it("says what is needed where not even two images fit", () => {
    expect(() => choose(2_000)).toThrow(
      "--max-memory  Expected 2.4 KiB or more, which small needs for 2 images at a time. Received: 2.0 KiB.",
    );
    expect(usualMemory()).toBeGreaterThan(2 ** 28);
  });
});

describe("trainingData", () => {
  it("holds nothing out where none is asked for: epochs are judged by the test split", async () => {
    const dataset = await trainingData({ name: "synthetic", validation: 0 }).load({});
    expect(dataset.train.size).toBe(10_010);
    expect(dataset.validation).toBe(dataset.test);
    const some = await trainingData({ name: "synthetic", train: 30, validation: 20 }).load({});
    expect([some.train.size, some.validation.size]).toEqual([30, 20]);
  });
});

describe("a run's config", () => {
  const config: TrainingConfig = {
    subject: "lenet-5",
    data: { name: "mnist" },
    network: "abc",
    epochs: 20,
    recipeName: "lenet-mnist",
    recipe: recipes["lenet-mnist"],
    seed: 0,
    engine: "auto",
    beganOn: "native (AVX2)",
    largestPart: 64,
  };

  it("is read back as it was stored, and is refused where it is none", () => {
    expect(fromStored(toStored(config), "db")).toEqual(config);
    expect(() => fromStored({ subject: 3 }, "db")).toThrow(/^db: config\n/);
  });

  it("of a run from before a key was there has the training without it, whatever the preset has since got", () => {
    const { autoAugment, ...recipe } = recipes["efficientnet-paper"];
    expect(autoAugment).toBe(true);
    const read = fromStored(toStored({ ...config, recipeName: "efficientnet-paper", recipe: recipe as Recipe }), "db");
    expect(read.recipe).toEqual({ ...recipe, autoAugment: false });
  });

  it("has another identity wherever its bits would differ, and the same on another machine", () => {
    const of = (changes: Partial<TrainingConfig>) => identityOf({ ...config, ...changes }, {});
    const others = [
      { epochs: 21 },
      { seed: 1 },
      { largestPart: 32 },
      { network: "abd" },
      { recipe: recipes["nasnet-paper"] },
    ].map(of);
    expect(new Set([of({}), ...others]).size).toBe(6);
    expect(of({ beganOn: "native (AVX-512)", engine: "native" })).toBe(of({}));
  });
});

it("metricsCsv names the split that epochs are judged by, and leaves out what there is not", () => {
  const figures = {
    trainLoss: 1,
    trainAccuracy: 0.5,
    loss: 0.9,
    accuracy: 0.25,
    imagesPerSecond: 10,
    elapsedSeconds: 3,
  };
  expect(metricsCsv([{ epoch: 1, figures }], "test")).toBe(
    "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,images_per_second,elapsed_seconds\n1,1,0.5,0.9,0.25,,10,3\n",
  );
});
