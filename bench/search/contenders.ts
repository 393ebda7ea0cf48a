/** @file Who searches, by the name under which it is reported. */
import {
  agingEvolution,
  auto,
  grid,
  independentPolicy,
  localSearch,
  modelBased,
  nsga2,
  policyGradient,
  random,
  tpe,
} from "cellwright/controllers";
import type { ControllerDefinition } from "cellwright/search";

/** Without the identity mutation: on a table a child that is its parent measures nothing. */
const evolution = (populationSize: number, sampleSize: number): ControllerDefinition =>
  agingEvolution({ populationSize, sampleSize, identityProbability: 0 });

export const contenders: Readonly<Record<string, ControllerDefinition>> = {
  random: random(),
  grid: grid({ order: "scattered" }),
  "evolution 10/3": evolution(10, 3),
  "evolution 30/10": evolution(30, 10),
  "NSGA-II": nsga2(),
  TPE: tpe(),
  REINFORCE: independentPolicy(),
  "PPO, LSTM": policyGradient(),
  "local search, first": localSearch(),
  "local search, best": localSearch({ improvement: "best" }),
  "model-based": modelBased(),
  auto: auto(),
};
