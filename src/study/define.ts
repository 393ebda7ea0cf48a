/** @file What a study file calls. */
import { auto } from "../../controllers/index.ts";
import type { Evaluator } from "../evaluators/evaluator.ts";
import type { Objective } from "../search/controller.ts";
import type { StudyDefinition, StudyFileDefinition, StudyFileInput, StudyInput } from "./definition.ts";

/**
 * Returns the definition of a study. A controller that is left out or `"auto"` becomes `auto` for the budget's trials and the evaluator's cost. A space may be the path of its
 * file, from the study file's folder on (`"./my-cells.yaml"`); such a study is for `cellwright search` and `loadStudy`, which read it.
 */
export function defineStudy(input: StudyInput): StudyDefinition;
export function defineStudy(input: StudyFileInput): StudyFileDefinition;
export function defineStudy(input: StudyInput | StudyFileInput): StudyDefinition | StudyFileDefinition {
  const { controller: given, ...rest } = input;
  const trials = input.budget?.trials;
  // Nothing of the input has been checked yet.
  const evaluator = input.evaluator as Evaluator | undefined;
  const options = { ...(trials !== undefined && { trials }), ...(evaluator?.isQuick && { trial: "cheap" as const }) };
  const controller = given === undefined || given === "auto" ? auto(options) : given;
  return { ...rest, controller } as StudyDefinition | StudyFileDefinition;
}

/** Returns an objective to be made as large as possible. `name` is one of the evaluator's measures, or a cost: `params`, `macs`, `latencyMs`. */
export function maximize(name: string): Objective {
  return { name, direction: "maximize" };
}

/** Returns an objective to be made as small as possible. `name` is one of the evaluator's measures, or a cost: `params`, `macs`, `latencyMs`. */
export function minimize(name: string): Objective {
  return { name, direction: "minimize" };
}
