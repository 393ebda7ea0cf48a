/** @file What a study file calls. */
import { auto } from "../../controllers/index.ts";
import type { Objective } from "../search/controller.ts";
import type { StudyDefinition, StudyInput } from "./definition.ts";

/** Returns the definition of a study. A controller that is left out or `"auto"` becomes `auto` for the budget's trials. */
export function defineStudy(input: StudyInput): StudyDefinition {
  const { controller, ...rest } = input;
  if (controller !== undefined && controller !== "auto") return { ...rest, controller };
  const trials = input.budget?.trials;
  return { ...rest, controller: auto(trials === undefined ? {} : { trials }) };
}

/** Returns an objective to be made as large as possible. `name` is one of the evaluator's measures. */
export function maximize(name: string): Objective {
  return { name, direction: "maximize" };
}

/** Returns an objective to be made as small as possible. `name` is one of the evaluator's measures. */
export function minimize(name: string): Objective {
  return { name, direction: "minimize" };
}
