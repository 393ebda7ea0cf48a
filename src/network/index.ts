/** @file Public entry `cellwright/network`: networks as data, how to build them, their shapes, weights and sizes. */
export { adaptNetwork, networkSizes, withDropout, type NetworkSizes } from "./adapt.ts";
export {
  network,
  type ConvOptions,
  type DepthwiseOptions,
  type LocalResponseOptions,
  type NetworkBuilder,
  type NetworkDefaults,
  type Outputs,
  type Size,
  type Tensor,
  type WindowOptions,
} from "./builder.ts";
export { initializeWeight, initializeWeights } from "./initialize.ts";
export {
  conv,
  factorized,
  identity,
  none,
  pool,
  separable,
  sequence,
  type Layer,
  type LayerOptions,
} from "./layers.ts";
export type {
  ActivationName,
  Initializer,
  Network,
  Node,
  NodeOf,
  OpAttributes,
  OpKind,
  Padding,
  Pair,
  Shape,
  WeightRole,
  WeightSpec,
  Weights,
} from "./network.ts";
export { activationNames } from "./ops/activation.ts";
export { opKinds } from "./ops/table.ts";
export { windowGeometry, type WindowGeometry } from "./ops/window.ts";
export { topologicalOrder } from "./order.ts";
export { residualGammas } from "./residual.ts";
export { inferShapes } from "./shapes.ts";
export { weightSpecs } from "./weights.ts";
export { canonicalId } from "./canonical/id.ts";
export { costOf, sumCosts, type Cost, type NetworkCost, type NodeCost } from "./cost.ts";
export { forwardMemory } from "./memory.ts";
export { parseNetwork, serializeNetwork, validateNetwork } from "./validate.ts";
