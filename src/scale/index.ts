/** @file Public entry `cellwright/scale`: a found architecture at other sizes, counted before anything is trained, and the plan that searches how it should grow. */
export { coefficientGrid, growthOf, type CoefficientGridOptions } from "./coefficient-grid.ts";
export { axisLine, nearestMacs, type GrowthLine } from "./equal-macs.ts";
export { efficientNetCoefficients, largestPhi, MAX_GROWTH, scaleFactors, type ScaleCoefficients } from "./factors.ts";
export { largestWithinLatency, type LatencySearch, type MeasuredSize } from "./latency.ts";
export { resizedInput } from "./resized-input.ts";
export { grownNumbers, roundingNotes, type Axis, type GrownNumber } from "./rounding.ts";
export {
  fitsBudget,
  largestThatFits,
  networkAt,
  scaleBy,
  scaleTable,
  scaleTo,
  sizeAsSearched,
  type ScaleBudget,
  type ScaledSize,
  type ScaleSubject,
} from "./scale.ts";
export {
  scalingPlan,
  type ScalingMethod,
  type ScalingPlan,
  type ScalingPlanOptions,
  type ScalingPoint,
} from "./scaling-plan.ts";
