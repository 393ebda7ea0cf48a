/** @file Batch normalisation. */
import { numberIn, positive } from "./checks.ts";
import { channelsOf, firstInput, noMacs, type OpDefinition } from "./definition.ts";

export const batchNorm: OpDefinition<"batchNorm"> = {
  arity: [1, 1],
  attributes: { epsilon: positive, momentum: numberIn(0, 1) },
  shape: (_attributes, inputs, place) => firstInput(inputs, place),
  weights(_attributes, inputs) {
    const shape = [channelsOf(firstInput(inputs, "batchNorm"))];
    return [
      { role: "gamma", shape, initializer: { kind: "ones" }, trainable: true },
      { role: "beta", shape, initializer: { kind: "zeros" }, trainable: true },
      { role: "movingMean", shape, initializer: { kind: "zeros" }, trainable: false },
      { role: "movingVariance", shape, initializer: { kind: "ones" }, trainable: false },
    ];
  },
  macs: noMacs,
};
