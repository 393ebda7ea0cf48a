/** @file Pointwise functions. */
import type { ActivationName } from "../network.ts";
import { oneOf } from "./checks.ts";
import { firstInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

/** Every activation there is. */
export const activationNames: readonly ActivationName[] = [
  "relu",
  "relu6",
  "swish",
  "hswish",
  "sigmoid",
  "hsigmoid",
  "tanh",
];

export const activation: OpDefinition<"activation"> = {
  arity: [1, 1],
  attributes: { fn: oneOf(activationNames) },
  shape: (_attributes, inputs, place) => firstInput(inputs, place),
  weights: noWeights,
  macs: noMacs,
};
