/** @file Whose cost is measured, by the name under which it is reported. */
import {
  agingEvolution,
  auto,
  localSearch,
  modelBased,
  nsga2,
  policyGradient,
  random,
  skipDuplicates,
} from "cellwright/controllers";
import type { ControllerDefinition } from "cellwright/search";

export const contenders: Readonly<Record<string, ControllerDefinition>> = {
  random: random(),
  evolution: agingEvolution({ populationSize: 30, sampleSize: 10 }),
  "evolution without duplicates": skipDuplicates(agingEvolution({ populationSize: 30, sampleSize: 10 })),
  "local search": localSearch(),
  nsga2: nsga2(),
  reinforce: policyGradient({ algorithm: "reinforce" }),
  ppo: policyGradient(),
  "model-based": modelBased(),
  auto: auto(),
};
