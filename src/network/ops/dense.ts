/** @file From image to vector, and fully connected layers. */
import { flag, wholeNumber } from "./checks.ts";
import { failShape, firstInput, imageInput, noMacs, noWeights, sizeOf, type OpDefinition } from "./definition.ts";

export const flatten: OpDefinition<"flatten"> = {
  arity: [1, 1],
  attributes: {},
  shape: (_attributes, inputs, place) => [sizeOf(imageInput(inputs, place))],
  weights: noWeights,
  macs: noMacs,
};

export const dense: OpDefinition<"dense"> = {
  arity: [1, 1],
  attributes: { units: wholeNumber(1), bias: flag },
  shape(attributes, inputs, place) {
    const input = firstInput(inputs, place);
    if (input.length !== 1) failShape(place, "a vector [c] as input (flatten or pool it first)", input);
    return [attributes.units];
  },
  weights(attributes, inputs) {
    const { units, bias } = attributes;
    const size = sizeOf(firstInput(inputs, "dense"));
    return [
      { role: "kernel", shape: [size, units], initializer: { kind: "he-normal", fanIn: size }, trainable: true },
      ...(bias ? [{ role: "bias", shape: [units], initializer: { kind: "zeros" }, trainable: true } as const] : []),
    ];
  },
  macs: (attributes, inputs) => sizeOf(firstInput(inputs, "dense")) * attributes.units,
};
