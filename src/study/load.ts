/**
 * @file Finds a study's definition by reference, alike in the parent, in every worker and on resume: the module is loaded (`.ts`
 * through jiti), the export taken, the flags laid over it, the whole validated. A space's file will do too: the built-in study searches it.
 */
import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { warmStart } from "../../controllers/index.ts";
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import type { AnySpace } from "../space/space.ts";
import { isDataFile } from "./cell-space/read.ts";
import { DEFAULT_STUDY_MODULE, type StudyDefinition, type StudyReference } from "./definition.ts";
import { importModule } from "./import-module.ts";
import { isSpace, loadSpace, withOwnSpace } from "./load-space.ts";
import { SCALING_STUDY_MODULE, scalingStudy } from "./scaling/definition.ts";
import { validateDefinition } from "./validate-definition.ts";

/** Keys of a definition that a flag replaces whole, and those that it is merged into. */
const MERGED_KEYS = ["skeleton", "constraints", "budget", "pruner", "retrain", "limits"] as const;
const REPLACED_KEYS = [
  "name",
  "seed",
  "baseline",
  "workers",
  "parallelism",
  "gpus",
  "workersPerGpu",
  "engine",
  "failedTrials",
  "maxFailedShare",
] as const;

/** Returns a reference to a study file. `path` is relative to the working directory or a file URL. */
export function studyReference(
  path: string,
  overrides: StudyReference["overrides"] = {},
  exportName = "default",
): StudyReference {
  if (path === DEFAULT_STUDY_MODULE) return { module: path, export: "default", overrides };
  const module = path.startsWith("file:") ? fileURLToPath(path) : isAbsolute(path) ? path : resolve(path);
  return { module, export: exportName, overrides };
}

/** Loads, merges and validates. Throws `config` naming the file, the export or the path within the definition. */
export async function loadStudy(reference: StudyReference): Promise<StudyDefinition> {
  const place = reference.module;
  if (place === DEFAULT_STUDY_MODULE) {
    const { defaultStudy } = await import("./default-study.ts");
    return validateDefinition(applyOverrides(defaultStudy, reference.overrides), "the default study with its flags");
  }
  if (place === SCALING_STUDY_MODULE) {
    const { scaling, ...flags } = reference.overrides;
    return validateDefinition(applyOverrides(await scalingStudy(scaling, loadStudy), flags), "the scaling study");
  }
  const file = place.startsWith("file:") ? fileURLToPath(place) : place;
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new CellwrightError("config", expected(place, "a study file", "no such file"));
  const raw = isDataFile(file) ? await studyAround(await loadSpace(file)) : await studyIn(file, reference.export);
  const base = validateDefinition(raw, place);
  return validateDefinition(applyOverrides(base, reference.overrides), `${place} with its flags`);
}

/** Returns what a study file says, with the space that it names by a path in place of the path. */
async function studyIn(file: string, exportName: string): Promise<unknown> {
  const module = await importModule(file);
  if (!(exportName in module))
    throw new CellwrightError(
      "config",
      expected(
        file,
        `an export named ${exportName}${exportName === "default" ? " (export default defineStudy({ … }))" : ""}`,
        Object.keys(module).join(", ") || undefined,
      ),
    );
  const value = module[exportName];
  if (isSpace(value)) return await studyAround(value);
  return typeof value === "object" && value !== null ? await withOwnSpace(value, file) : value;
}

/** Returns the built-in study with another space, on its own skeleton: what a space's file alone is searched by. */
async function studyAround(space: AnySpace): Promise<StudyDefinition> {
  const { defaultStudy } = await import("./default-study.ts");
  const { name: _name, skeleton: _skeleton, ...rest } = defaultStudy;
  return { ...rest, space };
}

/** Returns the definition with the flags laid over it. Throws `config` on an unknown key. */
export function applyOverrides(definition: StudyDefinition, overrides: StudyReference["overrides"]): StudyDefinition {
  const result: Record<string, unknown> = { ...definition };
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    if ((MERGED_KEYS as readonly string[]).includes(key)) {
      result[key] = { ...(result[key] as object | undefined), ...(value as object) };
    } else if ((REPLACED_KEYS as readonly string[]).includes(key)) {
      result[key] = value;
    } else if (key === "startFrom") {
      result["controller"] = startedFrom(definition, value as Json);
    } else if (key === "evaluator") {
      result[key] = reconfigure(definition.evaluator, value as Json);
    } else {
      throw new CellwrightError("config", expected(`flag ${key}`, "a key of the study that a flag can set", value));
    }
  }
  return result as unknown as StudyDefinition;
}

/** What `startFrom` lays over a study: a genotype, and the space that it is of. */
const startSchema = z.object({ space: z.string(), version: z.number(), genotype: z.record(z.string(), z.number()) });

/** Returns the study's controller with the genotype as its first proposal. Throws `config` where it is of another space. */
function startedFrom({ space, controller }: StudyDefinition, value: Json): StudyDefinition["controller"] {
  const { genotype, ...of } = startSchema.parse(value);
  if (of.space !== space.name || of.version !== space.version)
    throw new CellwrightError(
      "config",
      `--start-from  Expected a genotype of the study's space, ${space.name} version ${space.version}. Received: one of ${of.space} version ${of.version}.`,
    );
  return warmStart(controller, [genotype]);
}

/** An evaluator that can be made again with other options (`--epochs 3`) says so by a `with` method. */
function reconfigure(evaluator: StudyDefinition["evaluator"], options: Json): StudyDefinition["evaluator"] {
  if (evaluator.with === undefined)
    throw new CellwrightError(
      "config",
      `evaluator  Expected an evaluator whose options flags can set. Received: ${evaluator.name}, which has none.`,
    );
  return evaluator.with(options as Record<string, unknown>);
}
