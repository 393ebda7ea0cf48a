/** @file What `auto` picked stays picked, in a resumed study and in the thread that hosts the controller. */
import { auto, type AutoOptions } from "../../controllers/index.ts";
import type { ConfigRecord } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";

/** Returns the definition with the controller that the study began with, where both are `auto`: a resume with a larger budget goes on with the same algorithm. */
export function keepPick(definition: StudyDefinition, stored: Pick<ConfigRecord, "controller">): StudyDefinition {
  if (definition.controller.name !== "auto" || stored.controller.name !== "auto") return definition;
  return { ...definition, controller: auto(stored.controller.options as AutoOptions) };
}
