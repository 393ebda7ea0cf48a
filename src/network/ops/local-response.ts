/**
 * @file Local response normalisation (Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks", section 3.3), by
 * torch.nn.LocalResponseNorm's definition: alpha is divided by the number of channels in the window, which the paper's is not.
 */
import { positive, wholeNumber } from "./checks.ts";
import { imageInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

export const localResponseNorm: OpDefinition<"localResponseNorm"> = {
  arity: [1, 1],
  attributes: { size: wholeNumber(1), alpha: positive, beta: positive, k: positive },
  shape: (_attributes, inputs, place) => imageInput(inputs, place),
  weights: noWeights,
  macs: noMacs,
};

/** Returns how many channels of the window come before and after its own: one more before, where the size is even (as in torch). */
export function channelWindow(size: number): { readonly before: number; readonly after: number } {
  const before = Math.floor(size / 2);
  return { before, after: size - 1 - before };
}
