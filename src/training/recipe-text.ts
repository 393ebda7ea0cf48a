/** @file A recipe in one line, for people: its name, where it is from, what it does, and what was changed in it. */
import { laterDefaults, recipeNames, recipeRecord, recipes, recipeSources, type Recipe } from "./recipe.ts";

/** How optimizers are called. */
const TITLES = { sgd: "SGD", rmsprop: "RMSProp", adamw: "AdamW" } as const satisfies Record<
  Recipe["optimizer"],
  string
>;

/**
 * Returns `nasnet-cifar (NASNet's for a few epochs): SGD, batch 32, learning rate 0.1, cosine; changed: cutout 8`. `record` is a preset's name with what `recipeRecord` keeps,
 * or the name alone. A record of no preset is its name, or undefined where it has none.
 */
export function recipeText(record: Readonly<Record<string, unknown>>): string | undefined {
  const { preset, ...given } = record;
  const name = recipeNames.find((one) => one === preset);
  if (name === undefined) return typeof preset === "string" ? preset : undefined;
  const known = recipes[name];
  // What a whole record leaves out is at its default; a name alone is the preset as it is.
  const recipe = ("batchSize" in given ? { ...laterDefaults, ...given } : { ...known, ...given }) as Recipe;
  const keys = new Set([...Object.keys(recipeRecord(recipe)), ...Object.keys(recipeRecord(known))]) as Set<
    keyof Recipe
  >;
  const changed = [...keys].filter((key) => recipe[key] !== known[key]).map((key) => `${key} ${String(recipe[key])}`);
  const { optimizer, batchSize, learningRate, schedule } = recipe;
  const what = `${TITLES[optimizer]}, batch ${batchSize}, learning rate ${learningRate}, ${schedule}`;
  const changes = changed.length === 0 ? "" : `; changed: ${changed.join(", ")}`;
  return `${name} (${recipeSources[name].source}): ${what}${changes}`;
}
