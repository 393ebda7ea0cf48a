/**
 * @file Channels moved and taken: shuffle (Zhang et al. 2018, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", section 3.1),
 * and the slices into which ShuffleNetV2 splits them (Ma et al. 2018, arXiv 1807.11164, section 3).
 */
import { wholeNumber } from "./checks.ts";
import { failShape, imageInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

export const channelShuffle: OpDefinition<"channelShuffle"> = {
  arity: [1, 1],
  attributes: { groups: wholeNumber(1) },
  shape({ groups }, inputs, place) {
    const image = imageInput(inputs, place);
    if (image[2] % groups !== 0) failShape(place, `input channels that ${groups} groups divide`, image[2]);
    return image;
  },
  weights: noWeights,
  macs: noMacs,
};

export const channelSlice: OpDefinition<"channelSlice"> = {
  arity: [1, 1],
  attributes: { first: wholeNumber(0), count: wholeNumber(1) },
  shape({ first, count }, inputs, place) {
    const [height, width, channels] = imageInput(inputs, place);
    if (first + count > channels) failShape(place, `channels ${first} to ${first + count} within the input`, channels);
    return [height, width, count];
  },
  weights: noWeights,
  macs: noMacs,
};

/** Returns the input channel of every output channel. */
export function shuffledChannels(channels: number, groups: number): readonly number[] {
  const perGroup = channels / groups;
  return Array.from({ length: channels }, (_, i) => (i % groups) * perGroup + Math.floor(i / groups));
}
