/**
 * @file Finds a study's definition by reference, alike in the parent, in every worker and on resume: the module is loaded (`.ts`
 * through jiti), the export taken, the flags laid over it, the whole validated.
 */
import { stat } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { DEFAULT_STUDY_MODULE, type StudyDefinition, type StudyReference } from "./definition.ts";
import { selfAlias } from "./self-alias.ts";
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
  const file = place.startsWith("file:") ? fileURLToPath(place) : place;
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new CellwrightError("config", expected(place, "a study file", "no such file"));
  const module = await importModule(file);
  if (!(reference.export in module))
    throw new CellwrightError(
      "config",
      expected(
        place,
        `an export named ${reference.export}${reference.export === "default" ? " (export default defineStudy({ … }))" : ""}`,
        Object.keys(module).join(", ") || undefined,
      ),
    );
  const raw = module[reference.export];
  const base = validateDefinition(raw, place);
  return validateDefinition(applyOverrides(base, reference.overrides), `${place} with its flags`);
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    if (/\.[cm]?ts$/.test(file)) {
      const jiti = createJiti(import.meta.url, { moduleCache: true, interopDefault: false, alias: selfAlias() });
      return await jiti.import<Record<string, unknown>>(file);
    }
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof CellwrightError) throw inFile(file, error);
    throw new CellwrightError("config", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns what was thrown while a study file was evaluated, with the file before each problem. */
function inFile(file: string, error: CellwrightError): CellwrightError {
  const message = error.message
    .split("\n")
    .map((line) => `${file}: ${line}`)
    .join("\n");
  return new CellwrightError(error.code, message, { details: error.details, cause: error });
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
    } else if (key === "evaluator") {
      result[key] = reconfigure(definition.evaluator, value as Json);
    } else {
      throw new CellwrightError("config", expected(`flag ${key}`, "a key of the study that a flag can set", value));
    }
  }
  return result as unknown as StudyDefinition;
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
