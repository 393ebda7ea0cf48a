/** @file What the command line takes from here: pictures of a study. */
export { bestSoFar, bestSoFarPng, type BestSoFarOptions, type TrialPoint } from "./best-so-far.ts";
export { classAccuracyPng, classBars, type ClassAccuracyOptions } from "./class-accuracy.ts";
export { confusionPng, mistakesOf, type ConfusionOptions, type Mistake } from "./confusion.ts";
export { operationShares, operationsPng, type OperationsOptions } from "./operations.ts";
export { frontOf, paretoPng, type CostPoint, type ParetoOptions } from "./pareto.ts";
export { scalingPng, type GrowthPoint, type GrowthSeries, type ScalingChartOptions } from "./scaling.ts";
export { bestEpoch, trainingCurvesPng, type CurvePoint, type TrainingCurvesOptions } from "./training-curves.ts";
