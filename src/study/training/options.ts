/** @file What a user may write of a training, in a file or as flags: the same keys, checked once. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { CellwrightError, expected, messageOf } from "../../base/errors.ts";
import { numberBetween, oneOf, parseOptions, wholeNumber } from "../../data/options.ts";
import { engineChoices, type EngineChoice } from "../../engines/choose.ts";
import {
  mergeRecipe,
  recipeNames,
  recipes,
  recipeSources,
  type Recipe,
  type RecipeName,
} from "../../training/index.ts";

/** Every key is also a flag of `cellwright train`. */
export interface TrainingOptions {
  /** A study, a genotype, a space's sample, a network by name or the file of one. */
  readonly network?: string | undefined;
  /** Folder under `results/`. */
  readonly name?: string | undefined;
  readonly dataset?: string | undefined;
  /** Side that a folder's pictures are decoded to. */
  readonly imageSize?: number | undefined;
  readonly train?: number | undefined;
  readonly validation?: number | undefined;
  readonly epochs?: number | undefined;
  /** A recipe by name, or changes to one. */
  readonly recipe?: string | Readonly<Record<string, unknown>> | undefined;
  readonly seed?: number | undefined;
  readonly engine?: EngineChoice | undefined;
  readonly threads?: number | undefined;
  readonly maxMemory?: number | undefined;
  readonly microBatch?: number | undefined;
  readonly checkpointMinutes?: number | undefined;
  readonly teacher?: string | undefined;
  readonly skeleton?: Readonly<Record<string, unknown>> | undefined;
}

const text = (what: string) => z.string(what).min(1, what).optional();

/** Fewer would judge nothing, and every data set can hold out as many. */
const HELD_OUT = "0, or a whole number of 10 or more";

const schema = z.strictObject(
  {
    network: text("what to train, such as resnet-20-cifar"),
    name: text("a name"),
    dataset: text("the name of a data set or a folder"),
    imageSize: wholeNumber(1, 4_096).optional(),
    train: wholeNumber(10).optional(),
    validation: z
      .custom<number>((value) => value === 0 || (Number.isSafeInteger(value) && (value as number) >= 10), HELD_OUT)
      .optional(),
    epochs: wholeNumber(1).optional(),
    recipe: z
      .union([z.string(), z.record(z.string(), z.unknown())], "the name of a recipe, or an object of its keys")
      .optional(),
    seed: wholeNumber(0).optional(),
    engine: oneOf(engineChoices).optional(),
    threads: wholeNumber(1, 64).optional(),
    maxMemory: wholeNumber(1).optional(),
    microBatch: wholeNumber(1).optional(),
    checkpointMinutes: numberBetween(0, Infinity).optional(),
    teacher: text("the folder of a trained network"),
    skeleton: z.record(z.string(), z.unknown(), "an object of keys").optional(),
  },
  "an object of options",
);

/** Returns checked options. Throws `config` with a line for each problem. */
export function checkTrainingOptions(options: unknown, place: string): TrainingOptions {
  return parseOptions<TrainingOptions>(schema, options, place);
}

/** Reads a file of options in YAML or JSON. Throws `config` naming the file, and the key where one is wrong. */
export async function readTrainingFile(file: string): Promise<TrainingOptions> {
  const source = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file" : messageOf(error);
    throw new CellwrightError("config", expected(file, "a training's options in YAML or JSON", why), { cause: error });
  });
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(source);
  } catch (error) {
    throw new CellwrightError("config", expected(file, "YAML or JSON", messageOf(error).split("\n")[0]), {
      cause: error,
    });
  }
  return checkTrainingOptions(value ?? {}, file);
}

export interface ChosenRecipe {
  readonly recipeName: RecipeName;
  readonly recipe: Recipe;
  readonly epochs: number;
}

/** The recipe of a training that names none: what is stacked today, and what the size of the images asks for. */
export function usualRecipe(channels: number): RecipeName {
  return channels === 1 ? "lenet-mnist" : "bag-of-tricks";
}

/** Returns the recipe that options name, with their changes, and its epochs unless others are asked for. Throws `config`. */
export function chooseRecipe(options: TrainingOptions, usual: RecipeName): ChosenRecipe {
  const { recipe = usual } = options;
  const { preset = usual, ...changes } = typeof recipe === "string" ? { preset: recipe } : recipe;
  const recipeName = recipeNames.find((name) => name === preset);
  if (recipeName === undefined)
    throw new CellwrightError("config", expected("recipe", `one of ${recipeNames.join(", ")}`, preset));
  return {
    recipeName,
    recipe: mergeRecipe(recipes[recipeName], changes as Partial<Recipe>, "recipe"),
    epochs: options.epochs ?? recipeSources[recipeName].epochs,
  };
}
