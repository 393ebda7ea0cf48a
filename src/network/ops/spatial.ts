/** @file Zeros, and images cut or framed: `pad` and `slice` shift an image by one for factorized reduction. */
import { wholeNumber } from "./checks.ts";
import { failShape, firstInput, imageInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

export const zero: OpDefinition<"zero"> = {
  arity: [1, 1],
  attributes: { stride: wholeNumber(1) },
  shape({ stride }, inputs, place) {
    const input = firstInput(inputs, place);
    if (input.length === 3) return [Math.ceil(input[0] / stride), Math.ceil(input[1] / stride), input[2]];
    if (stride !== 1) failShape(place, "an image [h, w, c] as input of a stride above 1", input);
    return input;
  },
  weights: noWeights,
  macs: noMacs,
};

export const slice: OpDefinition<"slice"> = {
  arity: [1, 1],
  attributes: { top: wholeNumber(0), left: wholeNumber(0), height: wholeNumber(1), width: wholeNumber(1) },
  shape({ top, left, height, width }, inputs, place) {
    const image = imageInput(inputs, place);
    if (top + height > image[0] || left + width > image[1]) {
      failShape(place, `rows ${top} to ${top + height} and columns ${left} to ${left + width} within the input`, image);
    }
    return [height, width, image[2]];
  },
  weights: noWeights,
  macs: noMacs,
};

export const pad: OpDefinition<"pad"> = {
  arity: [1, 1],
  attributes: { top: wholeNumber(0), bottom: wholeNumber(0), left: wholeNumber(0), right: wholeNumber(0) },
  shape({ top, bottom, left, right }, inputs, place) {
    const [height, width, channels] = imageInput(inputs, place);
    return [height + top + bottom, width + left + right, channels];
  },
  weights: noWeights,
  macs: noMacs,
};
