/** @file What `auto` picked stays picked, in a resumed study and in the thread that hosts the controller. */
import { auto, warmStart, type AutoOptions } from "../../controllers/index.ts";
import type { Genotype } from "../space/space.ts";
import type { ConfigRecord } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";

/**
 * Returns the definition with the controller that the study began with, where both are `auto`, by itself or as `--start-from` wraps it: a resume with a larger budget goes on with
 * the same algorithm.
 */
export function keepPick(definition: StudyDefinition, stored: Pick<ConfigRecord, "controller">): StudyDefinition {
  const { name, options } = stored.controller;
  if (definition.controller.name !== name) return definition;
  if (name === "auto") return { ...definition, controller: auto(options as AutoOptions) };
  const { inner, genotypes } = options as Partial<Record<"inner" | "genotypes", unknown>>;
  const { name: innerName, ...innerOptions } = (inner ?? {}) as { readonly name?: string };
  if (innerName !== "auto" || !Array.isArray(genotypes)) return definition;
  return { ...definition, controller: warmStart(auto(innerOptions), genotypes as Genotype[]) };
}
