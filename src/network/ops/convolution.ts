/** @file Convolutions: dense or grouped, and depthwise. */
import { flag, padding, pair, wholeNumber, type WindowAttributes } from "./checks.ts";
import { channelsOf, failShape, imageInput, sizeOf, type OpDefinition, type WeightShape } from "./definition.ts";
import { windowGeometry } from "./window.ts";

/** Returns the output's height and width, or throws where the window is larger than the padded image. */
function positions(
  image: readonly [number, number, number],
  window: WindowAttributes,
  place: string,
): [number, number] {
  const { height, width } = windowGeometry(image, window);
  if (height < 1 || width < 1) {
    failShape(
      place,
      `an input that a ${window.kernel.join("x")} window fits into (dilation and padding counted)`,
      image,
    );
  }
  return [height, width];
}

function biasOf(channels: number): WeightShape {
  return { role: "bias", shape: [channels], initializer: { kind: "zeros" }, trainable: true };
}

export const conv: OpDefinition<"conv"> = {
  arity: [1, 1],
  attributes: {
    filters: wholeNumber(1),
    kernel: pair,
    stride: pair,
    dilation: pair,
    padding,
    groups: wholeNumber(1),
    bias: flag,
  },
  shape(attributes, inputs, place) {
    const image = imageInput(inputs, place);
    const { groups, filters } = attributes;
    if (image[2] % groups !== 0) failShape(place, `input channels that ${groups} groups divide`, image[2]);
    if (filters % groups !== 0) failShape(place, `filters that ${groups} groups divide`, filters);
    return [...positions(image, attributes, place), filters];
  },
  weights(attributes, inputs) {
    const { kernel, filters, groups, bias } = attributes;
    const perGroup = imageInput(inputs, "conv")[2] / groups;
    const kernelWeight: WeightShape = {
      role: "kernel",
      shape: [kernel[0], kernel[1], perGroup, filters],
      initializer: { kind: "he-normal", fanIn: kernel[0] * kernel[1] * perGroup },
      trainable: true,
    };
    return bias ? [kernelWeight, biasOf(filters)] : [kernelWeight];
  },
  macs(attributes, inputs, output) {
    const perGroup = imageInput(inputs, "conv")[2] / attributes.groups;
    return sizeOf(output) * attributes.kernel[0] * attributes.kernel[1] * perGroup;
  },
};

export const depthwiseConv: OpDefinition<"depthwiseConv"> = {
  arity: [1, 1],
  attributes: { kernel: pair, stride: pair, dilation: pair, padding, bias: flag },
  shape(attributes, inputs, place) {
    const image = imageInput(inputs, place);
    return [...positions(image, attributes, place), image[2]];
  },
  weights(attributes, inputs) {
    const { kernel, bias } = attributes;
    const channels = channelsOf(imageInput(inputs, "depthwiseConv"));
    const kernelWeight: WeightShape = {
      role: "kernel",
      shape: [kernel[0], kernel[1], channels],
      initializer: { kind: "he-normal", fanIn: kernel[0] * kernel[1] },
      trainable: true,
    };
    return bias ? [kernelWeight, biasOf(channels)] : [kernelWeight];
  },
  macs: (attributes, _inputs, output) => sizeOf(output) * attributes.kernel[0] * attributes.kernel[1],
};
