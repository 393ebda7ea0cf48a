/** @file The options of proxy training: what a user may write, and what it comes to. */
import { z } from "zod";
import { CellwrightError, expected } from "../base/errors.ts";
import { checkColour } from "../data/auto-augment/colour-check.ts";
import { cifar10, cifar100, mnist, synthetic, type DatasetDefinition } from "../data/index.ts";
import { numberBetween, oneOf, parseOptions, wholeNumber, yesOrNo } from "../data/options.ts";
import { mergeRecipe, recipeNames, recipes, type Recipe, type RecipeName } from "../training/index.ts";

/** What a trial's values may be. `accuracy` and `loss` are of the evaluated split; the rest are sizes and costs. */
export const measureNames = ["accuracy", "loss", "params", "total", "macs", "estimatedMemoryBytes"] as const;
export type Measure = (typeof measureNames)[number];

/** Data sets that a flag can name. */
const namedData = { cifar10, cifar100, mnist, synthetic } as const;
export type DataName = keyof typeof namedData;
const dataNames = Object.keys(namedData) as [DataName, ...DataName[]];

export interface ProxyTrainingOptions {
  /** What to train on: `cifar10({ train: 10_000, validation: 2_000 })`, or the name of a built-in set for all of it. */
  readonly data: DatasetDefinition | DataName;
  /** Default 4. A task's own epochs go first. */
  readonly epochs?: number;
  /** A recipe by name, or changes to one (`nasnet-cifar` unless `preset` names another). */
  readonly recipe?: RecipeName | (Partial<Recipe> & { readonly preset?: RecipeName });
  /** Overrides the recipe's. */
  readonly batchSize?: number;
  /** Overrides the recipe's. */
  readonly learningRate?: number;
  /** Default: what the study says, else the fastest there is. */
  readonly engine?: "auto" | "native" | "tfjs" | "reference";
  /** Names of the values. Default `["accuracy"]`. */
  readonly measures?: readonly Measure[];
  /** Where accuracy is measured. Default `validation`; the test split is for final figures. */
  readonly evaluateOn?: "validation" | "test";
  /** Whether to leave a checkpoint in the trial's folder after every epoch, from which a killed trial goes on. Default false. */
  readonly checkpoints?: boolean;
  /** Upper bounds beside the study's own. */
  readonly limits?: { readonly memoryBytes?: number; readonly timeMs?: number };
}

/** Options with every default filled in. */
export interface ResolvedProxyOptions {
  readonly data: DatasetDefinition;
  readonly epochs: number;
  readonly recipeName: RecipeName;
  readonly recipe: Recipe;
  readonly engine: "auto" | "native" | "tfjs" | "reference" | undefined;
  readonly measures: readonly Measure[];
  readonly evaluateOn: "validation" | "test";
  readonly checkpoints: boolean;
  readonly limits: { readonly memoryBytes?: number | undefined; readonly timeMs?: number | undefined };
}

function isDefinition(value: unknown): value is DatasetDefinition {
  return typeof value === "object" && value !== null && "load" in value && typeof value.load === "function";
}

const dataText = `a data set such as cifar10({ train: 10_000, validation: 2_000 }), or one of ${dataNames.map((name) => JSON.stringify(name)).join(", ")}`;

const schema = z.strictObject(
  {
    data: z.custom<DatasetDefinition | DataName>(
      (value) => isDefinition(value) || dataNames.includes(value as DataName),
      dataText,
    ),
    epochs: wholeNumber(1).default(4),
    recipe: z
      .custom<NonNullable<ProxyTrainingOptions["recipe"]>>(
        (value) => recipeNames.includes(value as RecipeName) || (typeof value === "object" && value !== null),
        `one of ${recipeNames.map((name) => JSON.stringify(name)).join(", ")}, or an object of changes`,
      )
      .default("nasnet-cifar"),
    batchSize: wholeNumber(1).optional(),
    learningRate: numberBetween(0, 100).optional(),
    engine: oneOf(["auto", "native", "tfjs", "reference"]).optional(),
    measures: z.array(oneOf(measureNames), "a list of measures").min(1, "at least one measure").default(["accuracy"]),
    evaluateOn: oneOf(["validation", "test"]).default("validation"),
    checkpoints: yesOrNo().default(false),
    limits: z
      .strictObject({ memoryBytes: wholeNumber(1).optional(), timeMs: numberBetween(1, Infinity).optional() })
      .default({}),
  },
  "an object of options",
);

/** Returns checked options. Throws `config` with every problem: `evaluator.epochs  Expected a whole number of 1 or more. Received: "ten".` */
export function resolveProxyOptions(options: ProxyTrainingOptions): ResolvedProxyOptions {
  const { data, recipe, batchSize, learningRate, engine, ...rest } = parseOptions(schema, options, "evaluator");
  const { preset = "nasnet-cifar", ...changes } = typeof recipe === "string" ? { preset: recipe } : recipe;
  if (!recipeNames.includes(preset)) {
    const names = recipeNames.map((name) => JSON.stringify(name)).join(", ");
    throw new CellwrightError("config", expected("evaluator.recipe.preset", `one of ${names}`, preset));
  }
  const overrides = {
    ...changes,
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
  };
  const definition = typeof data === "string" ? namedData[data]() : data;
  const merged = mergeRecipe(recipes[preset], overrides, "evaluator.recipe");
  checkColour(merged, definition.inputShape[2], "evaluator.recipe.autoAugment");
  return {
    ...rest,
    data: definition,
    recipeName: preset,
    recipe: merged,
    engine,
  };
}
