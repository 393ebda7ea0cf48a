/** @file Public entry `cellwright/search`: the controller contract, and what writing and testing a controller takes. */
export { controllerLaws, type ControllerLaw, type LawOptions } from "./controller-laws.ts";
export {
  scoreOf,
  type Controller,
  type ControllerContext,
  type ControllerDefinition,
  type ControllerEvent,
  type FinishedTrial,
  type Objective,
  type Proposal,
} from "./controller.ts";
export { genotypeFeatures, graphFeatures, type GraphFeatures } from "./graph-features.ts";
export { gridPoint, gridSize, gridValues } from "./grid-points.ts";
export { hypervolume, hypervolumeShare, objectiveBox, type ObjectiveBox } from "./hypervolume.ts";
export { mnasnetReward, rewardOf, type CostName, type MnasnetRewardOptions, type Reward } from "./mnasnet-reward.ts";
export { mix } from "./mix.ts";
export { changesOf, neighbours, type Change } from "./neighbours.ts";
export { oneOf, realNumber, resolveOptions, wholeNumber, type OptionRule, type OptionRules } from "./options.ts";
export { squaredPathDistance, type PathCounts } from "./path-counts.ts";
export { dominates, paretoFront, scoresOf } from "./pareto.ts";
export { simulate, type SimulatedOutcome, type SimulationOptions, type SimulationStep } from "./simulate.ts";
