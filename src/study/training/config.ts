/** @file What decides a training run's bits, as the run's database keeps it: a resume reads it back and asks for nothing again. */
import { z } from "zod";
import type { Json } from "../../base/canonical-json.ts";
import { CellwrightError } from "../../base/errors.ts";
import { hashJson } from "../../base/hash.ts";
import { candidateSchema, type ExportCandidate } from "../../export/index.ts";
import { engineChoices, type EngineChoice } from "../../engines/choose.ts";
import { mergeRecipe, recipeNames, recipeRecord, recipes, type Recipe, type RecipeName } from "../../training/index.ts";
import { laterDefaults } from "../../training/recipe.ts";

/** Where a trained network is from: decides no bit, stands in its model card. */
export interface TrainingOrigin {
  /** How it was found, in words. */
  readonly foundBy: string;
  /** What it was decoded from, where it was. */
  readonly candidate?: ExportCandidate | undefined;
}

export interface TrainingConfig {
  /** What is trained, as its user called it. */
  readonly subject: string;
  readonly data: {
    readonly name: string;
    readonly train?: number | undefined;
    readonly validation?: number | undefined;
    readonly pictures?: readonly number[] | undefined;
  };
  /** Of the network's nodes. */
  readonly network: string;
  readonly epochs: number;
  readonly recipeName: RecipeName;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly engine: EngineChoice;
  /** The engine that it began on, for people: `native (AVX-512)`. On another, it goes on with other roundings. */
  readonly beganOn: string;
  /** The most images at once. */
  readonly largestPart: number;
  readonly teacher?: { readonly dir: string; readonly hash: string } | undefined;
  /** Absent in a run that an older Cellwright began. */
  readonly origin?: TrainingOrigin | undefined;
}

/** A stored origin. */
export const originSchema = z.object({ foundBy: z.string(), candidate: candidateSchema.optional() });

const schema = z.object({
  subject: z.string(),
  data: z.object({
    name: z.string(),
    train: z.number().optional(),
    validation: z.number().optional(),
    pictures: z.array(z.number()).optional(),
  }),
  network: z.string(),
  epochs: z.number(),
  recipeName: z.enum(recipeNames),
  recipe: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  seed: z.number(),
  engine: z.enum(engineChoices),
  beganOn: z.string(),
  largestPart: z.number(),
  teacher: z.object({ dir: z.string(), hash: z.string() }).optional(),
  origin: originSchema.optional(),
});

/** Returns the config as it is stored. */
export function toStored(config: TrainingConfig): Json {
  return JSON.parse(JSON.stringify(config)) as Json;
}

/** Reads a stored config. Throws `storage` where it is none. `place` is the database. */
export function fromStored(stored: Json, place: string): TrainingConfig {
  const result = schema.safeParse(stored);
  if (!result.success)
    throw new CellwrightError("storage", `${place}: config\n${z.prettifyError(result.error)}`, { cause: result.error });
  const { recipeName, recipe, ...rest } = result.data;
  // A recipe is stored whole: a key that it lacks came later, and the preset may since have got it.
  const before = { ...recipes[recipeName], ...laterDefaults };
  return { ...rest, recipeName, recipe: mergeRecipe(before, recipe, `${place}: recipe`) };
}

/** Returns what a checkpoint has to be of to be gone on from. `data` is the definition's options. */
export function identityOf(config: TrainingConfig, data: unknown): string {
  const { network, epochs, recipe, seed, largestPart, teacher } = config;
  return hashJson({ network, data, epochs, recipe: recipeRecord(recipe), seed, largestPart, teacher: teacher?.hash });
}
