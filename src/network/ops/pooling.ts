/** @file Pools: the largest or the mean of a window, and the mean of a whole image. */
import { flag, padding, pair } from "./checks.ts";
import { failShape, imageInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";
import { windowGeometry } from "./window.ts";

/** Both pools have the same window, shape and cost; they differ in what engines compute. */
export const maxPool: OpDefinition<"maxPool"> = {
  arity: [1, 1],
  attributes: { kernel: pair, stride: pair, padding },
  shape(attributes, inputs, place) {
    const image = imageInput(inputs, place);
    const { height, width, top, bottom, left, right } = windowGeometry(image, attributes);
    const [rows, columns] = attributes.kernel;
    if (height < 1 || width < 1) failShape(place, `an input that a ${rows}x${columns} window fits into`, image);
    // A window that lies wholly in the padding would have no maximum and no mean.
    if (Math.max(top, bottom) >= rows || Math.max(left, right) >= columns) {
      failShape(place, `padding smaller than the ${rows}x${columns} window`, { top, bottom, left, right });
    }
    return [height, width, image[2]];
  },
  weights: noWeights,
  macs: noMacs,
};

export const avgPool: OpDefinition<"avgPool"> = maxPool;

export const globalAvgPool: OpDefinition<"globalAvgPool"> = {
  arity: [1, 1],
  attributes: { keepDims: flag },
  shape(attributes, inputs, place) {
    const [, , channels] = imageInput(inputs, place);
    return attributes.keepDims ? [1, 1, channels] : [channels];
  },
  weights: noWeights,
  macs: noMacs,
};
