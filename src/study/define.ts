/** @file What a study file calls. */
import type { Objective } from "../search/controller.ts";
import type { StudyDefinition } from "./definition.ts";

/** Returns the definition as it is: the call is there for its types. */
export function defineStudy(definition: StudyDefinition): StudyDefinition {
  return definition;
}

/** Returns an objective to be made as large as possible. `name` is one of the evaluator's measures. */
export function maximize(name: string): Objective {
  return { name, direction: "maximize" };
}

/** Returns an objective to be made as small as possible. `name` is one of the evaluator's measures. */
export function minimize(name: string): Objective {
  return { name, direction: "minimize" };
}
