/** @file Operations that join tensors: sum, product, concatenation. */
import type { Shape } from "../network.ts";
import { channelsOf, failShape, firstInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

export const add: OpDefinition<"add"> = {
  arity: [2, Infinity],
  attributes: {},
  shape(_attributes, inputs, place) {
    const first = firstInput(inputs, place);
    if (!inputs.every((shape) => isSameShape(shape, first))) failShape(place, "inputs of one shape to add", inputs);
    return first;
  },
  weights: noWeights,
  macs: noMacs,
};

export const multiply: OpDefinition<"multiply"> = {
  arity: [2, 2],
  attributes: {},
  shape(_attributes, inputs, place) {
    const first = firstInput(inputs, place);
    const second = inputs[1] as Shape;
    const isPerChannel =
      first.length === 3 &&
      channelsOf(second) === first[2] &&
      (second.length === 1 || (second[0] === 1 && second[1] === 1));
    if (!isSameShape(first, second) && !isPerChannel) {
      failShape(place, "two inputs of one shape, or [h, w, c] and then [1, 1, c] or [c], to multiply", inputs);
    }
    return first;
  },
  weights: noWeights,
  macs: noMacs,
};

export const concat: OpDefinition<"concat"> = {
  arity: [2, Infinity],
  attributes: {},
  shape(_attributes, inputs, place) {
    const first = firstInput(inputs, place);
    const fits = inputs.every(
      (shape) =>
        shape.length === first.length && (shape.length === 1 || (shape[0] === first[0] && shape[1] === first[1])),
    );
    if (!fits) failShape(place, "inputs of one height and width to concatenate", inputs);
    const channels = inputs.reduce((sum, shape) => sum + channelsOf(shape), 0);
    return first.length === 1 ? [channels] : [first[0], first[1], channels];
  },
  weights: noWeights,
  macs: noMacs,
};
