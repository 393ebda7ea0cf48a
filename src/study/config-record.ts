/**
 * @file The definition as plain JSON: what the database keeps of it, what the report shows, and what a resume is checked against
 * (law 4: a space whose hash changed without a new version is refused).
 */
import { z } from "zod";
import { canonicalJson, type Json } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import type { Objective } from "../search/controller.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";

const recordSchema = z.looseObject({
  reference: z
    .object({ module: z.string(), export: z.string(), overrides: z.record(z.string(), z.json().optional()) })
    .nullable(),
  space: z.object({ name: z.string(), version: z.number(), hash: z.string() }),
  controller: z.object({ name: z.string(), options: z.json() }),
  evaluator: z.object({ name: z.string(), key: z.string(), measures: z.array(z.string()), options: z.json() }),
  objectives: z.array(
    z.object({ name: z.string(), direction: z.enum(["maximize", "minimize"]), reward: z.json().optional() }),
  ),
  seed: z.number(),
});

/** The parts that a resume reads. */
export type ConfigRecord = z.infer<typeof recordSchema>;

/** Returns the objectives of a study: its own, or the evaluator's first measure maximised. */
export function objectivesOf(definition: StudyDefinition): readonly Objective[] {
  return definition.objectives ?? [{ name: definition.evaluator.measures[0] ?? "value", direction: "maximize" }];
}

/** Returns what is stored of a definition. */
export function toConfigRecord(definition: StudyDefinition, reference: StudyReference | undefined): Json {
  const { space, controller, evaluator, retrain, ...rest } = definition;
  const record = {
    reference: reference ?? null,
    space: { name: space.name, version: space.version, hash: space.hash },
    controller: { name: controller.name, options: controller.options },
    evaluator: describeEvaluator(evaluator),
    ...(retrain && {
      retrain: {
        top: retrain.top,
        epochs: retrain.epochs,
        seeds: retrain.seeds ?? 1,
        ...(retrain.evaluator && { evaluator: describeEvaluator(retrain.evaluator) }),
      },
    }),
    ...rest,
    objectives: objectivesOf(definition),
    seed: definition.seed ?? 0,
  };
  return JSON.parse(JSON.stringify(record)) as Json;
}

function describeEvaluator(evaluator: StudyDefinition["evaluator"]) {
  return { name: evaluator.name, key: evaluator.key, measures: evaluator.measures, options: evaluator.options };
}

/** Reads a stored config. Throws `storage` if it is not one. */
export function readConfigRecord(config: Json, place: string): ConfigRecord {
  const result = recordSchema.safeParse(config);
  if (!result.success)
    throw new CellwrightError("storage", `${place}: study config\n${z.prettifyError(result.error)}`, {
      cause: result.error,
    });
  return result.data;
}

/** Throws `space` or `config` where the definition now loaded would not go on with the stored study as it began. */
export function checkSameStudy(stored: ConfigRecord, definition: StudyDefinition, place: string): void {
  const { space, evaluator, controller } = definition;
  if (space.name !== stored.space.name)
    throw new CellwrightError(
      "space",
      expected(`${place}: space`, `the space ${stored.space.name} that the study began with`, space.name),
    );
  if (space.version !== stored.space.version)
    throw new CellwrightError(
      "space",
      expected(
        `${place}: space ${space.name}`,
        `version ${stored.space.version}, with which the study began`,
        space.version,
      ),
    );
  if (space.hash !== stored.space.hash)
    throw new CellwrightError(
      "space",
      `${expected(`${place}: space ${space.name}`, "the decisions with which the study began", "others under the same version")} Give the space a new version and begin a new study, or undo the change.`,
    );
  if (evaluator.key !== stored.evaluator.key)
    throw new CellwrightError(
      "config",
      `${expected(`${place}: evaluator ${evaluator.name}`, "the options with which the study began", "options that change what is measured")} Begin a new study with --name.`,
    );
  if (controller.name !== stored.controller.name)
    throw new CellwrightError(
      "config",
      expected(`${place}: controller`, `${stored.controller.name}, with which the study began`, controller.name),
    );
  const options = canonicalJson(JSON.parse(JSON.stringify(controller.options)));
  if (options !== canonicalJson(stored.controller.options))
    throw new CellwrightError(
      "config",
      `${expected(`${place}: controller ${controller.name}`, `the options with which the study began, ${canonicalJson(stored.controller.options)}`, controller.options)} With others, what it has proposed so far would not follow from what it was told.`,
    );
  const objectives = objectivesOf(definition);
  if (canonicalJson(objectives) !== canonicalJson(stored.objectives))
    throw new CellwrightError(
      "config",
      `${expected(`${place}: objectives`, `those with which the study began, ${canonicalJson(stored.objectives)}`, objectives)} Begin a new study with --name.`,
    );
  if ((definition.seed ?? 0) !== stored.seed)
    throw new CellwrightError(
      "config",
      expected(`${place}: seed`, `${stored.seed}, with which the study began`, definition.seed ?? 0),
    );
}
