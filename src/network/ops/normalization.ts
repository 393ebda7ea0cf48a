/** @file Batch normalisation. */
import { flag, numberIn, optional, positive } from "./checks.ts";
import { channelsOf, firstInput, noMacs, type OpDefinition } from "./definition.ts";

export const batchNorm: OpDefinition<"batchNorm"> = {
  arity: [1, 1],
  attributes: { epsilon: positive, momentum: numberIn(0, 1), affine: optional(flag) },
  shape: (_attributes, inputs, place) => firstInput(inputs, place),
  weights({ affine = true }, inputs) {
    const shape = [channelsOf(firstInput(inputs, "batchNorm"))];
    return [
      { role: "gamma", shape, initializer: { kind: "ones" }, trainable: affine },
      { role: "beta", shape, initializer: { kind: "zeros" }, trainable: affine },
      { role: "movingMean", shape, initializer: { kind: "zeros" }, trainable: false },
      { role: "movingVariance", shape, initializer: { kind: "ones" }, trainable: false },
    ];
  },
  macs: noMacs,
};
