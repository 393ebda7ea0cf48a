/** @file Learning rate and drop path over a training. */
import { describe, expect, test } from "vitest";
import { dropPathRateAt, learningRateAt, mergeRecipe, recipes } from "../../../src/training/index.ts";

const recipe = mergeRecipe(
  recipes["nasnet-cifar"],
  { learningRate: 0.2, finalLearningRate: 0.01, warmupEpochs: 1, dropPathRate: 0.3 },
  "recipe",
);
const span = { stepsPerEpoch: 10, epochs: 8 };
const rates = Array.from({ length: 80 }, (_, step) => learningRateAt(recipe, step, span));

describe("learningRateAt", () => {
  test("grows linearly through the warm-up, then falls along half a cosine", () => {
    for (let step = 0; step < 10; step++) expect(rates[step]).toBeCloseTo((0.2 * (step + 1)) / 11, 12);
    expect(rates[10]).toBeCloseTo(0.2, 12);
    // Half way through the remaining 70 steps: the mean of both ends.
    expect(rates[45]).toBeCloseTo(0.105, 12);
    for (let step = 11; step < 80; step++) expect(rates[step]).toBeLessThan(rates[step - 1] as number);
    expect(rates[79]).toBeGreaterThan(0.01);
    expect(rates[79]).toBeLessThan(0.0102);
  });

  test("warms up for at most a quarter of a short training", () => {
    const short = { stepsPerEpoch: 8, epochs: 1 };
    expect(learningRateAt(recipe, 1, short)).toBeCloseTo((0.2 * 2) / 3, 12);
    expect(learningRateAt(recipe, 2, short)).toBeCloseTo(0.2, 12);
  });

  test("of the published recipe is one cosine from 0.025 to 0", () => {
    const paper = { stepsPerEpoch: 1562, epochs: 600 };
    expect(learningRateAt(recipes["nasnet-paper"], 0, paper)).toBe(0.025);
    expect(learningRateAt(recipes["nasnet-paper"], 1562 * 300, paper)).toBeCloseTo(0.0125, 12);
    expect(learningRateAt(recipes["nasnet-paper"], 1562 * 600, paper)).toBeCloseTo(0, 12);
  });
});

describe("the other schedules", () => {
  const span = { stepsPerEpoch: 10, epochs: 40 };
  const recipeWith = (changes: object) =>
    mergeRecipe(recipes["mnasnet-paper"], { learningRate: 1, ...changes }, "recipe");

  test("step falls at once in every 2.4 epochs after the warm-up (MnasNet, section 5)", () => {
    const at = (step: number) => learningRateAt(recipeWith({}), step, span);
    expect(at(49)).toBeCloseTo(50 / 51, 12);
    expect(at(50)).toBe(1);
    expect(at(73)).toBe(1);
    expect(at(74)).toBeCloseTo(0.97, 12);
    expect(at(50 + 24 * 10)).toBeCloseTo(0.97 ** 10, 12);
  });

  test("exponential falls as far, little by little, and ends at the final rate", () => {
    const at = (step: number) =>
      learningRateAt(recipeWith({ schedule: "exponential", finalLearningRate: 0.9 }), step, span);
    expect(at(62)).toBeCloseTo(0.97 ** 0.5, 12);
    expect(at(399)).toBe(0.9);
  });

  test("constant stays at the peak once it is warm", () => {
    const recipe = recipeWith({ schedule: "constant", warmupEpochs: 1 });
    expect(learningRateAt(recipe, 0, span)).toBeCloseTo(1 / 11, 12);
    expect([10, 200, 399].map((step) => learningRateAt(recipe, step, span))).toEqual([1, 1, 1]);
  });
});

test("dropPathRateAt is linear in progress (NASNet, appendix A.5)", () => {
  expect(dropPathRateAt(recipe, 0, span)).toBe(0);
  expect(dropPathRateAt(recipe, 40, span)).toBeCloseTo(0.15, 12);
  expect(dropPathRateAt(recipe, 80, span)).toBeCloseTo(0.3, 12);
});

describe("mergeRecipe", () => {
  test("lays overrides over a recipe, each checked", () => {
    expect(mergeRecipe(recipes["nasnet-paper"], { batchSize: 64 }, "recipe")).toEqual({
      ...recipes["nasnet-paper"],
      batchSize: 64,
    });
    expect(() => mergeRecipe(recipes["nasnet-paper"], { batchSize: 0, flip: 1 }, "evaluator.recipe")).toThrow(
      "evaluator.recipe.batchSize  Expected a whole number of 1 or more. Received: 0.\n" +
        "evaluator.recipe.flip  Expected true or false. Received: 1.",
    );
    expect(() => mergeRecipe(recipes["nasnet-paper"], { lr: 1 }, "recipe")).toThrow(
      "recipe  Expected only these options:",
    );
  });
});
