/** @file What is left out at random in training: single elements, or a whole path. */
import { numberIn } from "./checks.ts";
import { firstInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

export const dropout: OpDefinition<"dropout"> = {
  arity: [1, 1],
  attributes: { rate: numberIn(0, 1, true) },
  shape: (_attributes, inputs, place) => firstInput(inputs, place),
  weights: noWeights,
  macs: noMacs,
};

export const dropPath: OpDefinition<"dropPath"> = {
  arity: [1, 1],
  attributes: { depthFraction: numberIn(0, 1) },
  shape: (_attributes, inputs, place) => firstInput(inputs, place),
  weights: noWeights,
  macs: noMacs,
};
