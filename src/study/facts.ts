/** @file One line's worth of facts about a study, for the head of the live view and of the report. */
import { formatCount } from "../base/units.ts";
import type { StudyDefinition } from "./definition.ts";
import type { StudyFacts } from "./events.ts";

/** Returns the facts. `workers` is how many there will be; `substitute` what stands in for the data that was asked for. */
export function studyFacts(definition: StudyDefinition, workers: number, substitute?: string): StudyFacts {
  const { space, controller, evaluator } = definition;
  const size = space.count();
  const options = evaluator.options as { readonly data?: { readonly name?: unknown } };
  return {
    space: space.name,
    ...(size !== undefined && {
      spaceSize: size < 10n ** 7n ? formatCount(size) : Number(size).toExponential(1).replace("+", ""),
    }),
    controller: controller.name,
    data: typeof options.data?.name === "string" ? options.data.name : "",
    ...(substitute !== undefined && { substitute }),
    evaluator: evaluator.name,
    workers,
    engine: definition.engine ?? "auto",
    budget: definition.budget ?? {},
  };
}
