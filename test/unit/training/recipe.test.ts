/** @file Recipes: what they come to for an engine, and that keys added later change no stored result's key. */
import { describe, expect, test } from "vitest";
import { proxyTraining } from "../../../src/evaluators/index.ts";
import {
  mergeRecipe,
  recipeNames,
  recipeRecord,
  recipes,
  recipeSources,
  type RecipeName,
} from "../../../src/training/index.ts";
import { engineOptions } from "../../../src/training/recipe.ts";

describe("a study's results", () => {
  // As the version without optimizers, schedules and the other later keys had them.
  test.each([
    ["nasnet-cifar", "86304f8fdde39754", "97b9fcffd23fc56c"],
    ["nasnet-paper", "0f671af7abbd1e91", "cf8e3d99c12867c6"],
    ["nasnet-cifar-retrain", "fb8271d6db5b7bf2", "96339389a1e539c1"],
  ] as const)("by %s keep their key", (preset, whole, changed) => {
    expect(proxyTraining({ data: "cifar10", epochs: 3, recipe: preset }).key).toBe(whole);
    expect(proxyTraining({ data: "synthetic", recipe: { preset, cutout: 8 } }).key).toBe(changed);
  });

  test("have another key where a later key is set", () => {
    const key = (changes: object) => proxyTraining({ data: "cifar10", recipe: changes }).key;
    const keys = [
      {},
      { optimizer: "adamw" },
      { mixup: 0.2 },
      { autoAugment: true },
      { emaDecay: 0.99 },
      { schedule: "step" },
    ].map(key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(key({ optimizer: "sgd", mixup: 0, autoAugment: false })).toBe(key({}));
  });
});

describe("recipes", () => {
  test("are whole, sourced and valid, every one", () => {
    expect(Object.keys(recipeSources)).toEqual([...recipeNames]);
    for (const name of recipeNames) expect(mergeRecipe(recipes[name], {}, name)).toEqual(recipes[name]);
    expect(recipeRecord(recipes["nasnet-paper"])).not.toHaveProperty("optimizer");
    expect(recipeRecord(recipes["mnasnet-paper"])).toMatchObject({
      optimizer: "rmsprop",
      schedule: "step",
      dropout: 0.2,
    });
    expect(recipeNames.filter((name) => recipes[name].autoAugment)).toEqual(["efficientnet-paper"]);
  });

  test("say their own mistakes by place", () => {
    const merge = (changes: object) => () => mergeRecipe(recipes["nasnet-paper"], changes, "recipe");
    expect(merge({ optimizer: "lion" })).toThrow(
      'recipe.optimizer  Expected one of "sgd", "rmsprop", "adamw". Received: "lion".',
    );
    expect(merge({ schedule: "linear", mixup: -1 })).toThrow(/recipe\.schedule {2}Expected one of.*\n?.*/);
    expect(merge({ emaDecay: 1 })).toThrow("recipe.emaDecay  Expected a number from 0 to 0.999999. Received: 1.");
  });

  test("open an engine with their optimizer, loss and average", () => {
    const of = (name: RecipeName, changes: object = {}) => engineOptions(mergeRecipe(recipes[name], changes, "recipe"));
    expect(of("nasnet-paper")).toEqual({
      optimizer: { momentum: 0.9, nesterov: false, weightDecay: 5e-4, clipNorm: 5 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0.4 },
    });
    expect(of("efficientnet-paper")).toEqual({
      optimizer: { kind: "rmsprop", momentum: 0.9, decay: 0.9, epsilon: 1e-3, weightDecay: 1e-5 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0.4 },
      averageDecay: 0.9999,
    });
    const adam = of("bag-of-tricks", { optimizer: "adamw", squareDecay: 0.999, epsilon: 1e-8 }).optimizer;
    expect(adam).toEqual({ kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 5e-4 });
  });
});
