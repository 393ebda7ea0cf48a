/** @file Public entry `cellwright/controllers`: the search algorithms, one file or folder and one paper each. */
export { agingEvolution, type AgingEvolutionOptions } from "./aging-evolution.ts";
export { agingFront, type AgingFrontOptions } from "./aging-front.ts";
export { auto, pickController, type AutoOptions } from "./auto.ts";
export { grid, type GridOptions } from "./grid.ts";
export { hyperband, type HyperbandOptions } from "./hyperband.ts";
export { independentPolicy, type IndependentPolicyOptions } from "./independent-policy.ts";
export { localSearch, type LocalSearchOptions } from "./local-search.ts";
export { modelBased, type ModelBasedOptions } from "./model-based/model-based.ts";
export { nsga2, type Nsga2Options } from "./nsga2.ts";
export type { PolicyGradientOptions } from "./policy-gradient/options.ts";
export { expectedHypervolume, type ExpectedHypervolumeOptions } from "./expected-hypervolume/expected-hypervolume.ts";
export { policyGradient } from "./policy-gradient/policy-gradient.ts";
export { random } from "./random.ts";
export { repeat } from "./repeat.ts";
export { skipDuplicates, type SkipDuplicatesOptions } from "./skip-duplicates.ts";
export { successiveHalving, type SuccessiveHalvingOptions } from "./successive-halving.ts";
export { tpe, type TpeOptions } from "./tpe/tpe.ts";
export { warmStart, type KnownTrial } from "./warm-start.ts";
