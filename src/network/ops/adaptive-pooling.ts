/**
 * @file Pools to a given output size, whatever the input's: the image is cut into as many bins as the output has pixels (He et al. 2014, "Spatial
 * Pyramid Pooling in Deep Convolutional Networks for Visual Recognition", section 2.2; torch's AdaptiveAvgPool2d and AdaptiveMaxPool2d).
 */
import type { Pair } from "../network.ts";
import { pair } from "./checks.ts";
import { imageInput, noMacs, noWeights, type OpDefinition } from "./definition.ts";

/** Both pools have the same bins, shape and cost; they differ in what engines compute. */
export const adaptiveAvgPool: OpDefinition<"adaptiveAvgPool"> = {
  arity: [1, 1],
  attributes: { size: pair },
  shape({ size }, inputs, place) {
    const [, , channels] = imageInput(inputs, place);
    return [size[0], size[1], channels];
  },
  weights: noWeights,
  macs: noMacs,
};

export const adaptiveMaxPool: OpDefinition<"adaptiveMaxPool"> = adaptiveAvgPool;

/**
 * Returns the rows (or columns) `[start, end)` of every bin, `bins` of them over `side`: bin i begins at floor(i * side / bins) and ends at
 * ceil((i + 1) * side / bins). So bins overlap where `side` doesn't divide, and repeat pixels where there are more bins than pixels.
 */
export function binEdges(side: number, bins: number): readonly Pair[] {
  return Array.from({ length: bins }, (_, i) => [Math.floor((i * side) / bins), Math.ceil(((i + 1) * side) / bins)]);
}

/** Returns the window that has the same bins, or nothing where no window has: an adaptive pool of sides that its size divides is a plain one. */
export function binWindow(
  image: readonly [number, number, number],
  [rows, columns]: Pair,
): { readonly kernel: Pair; readonly stride: Pair; readonly padding: "valid" } | undefined {
  if (image[0] % rows !== 0 || image[1] % columns !== 0) return undefined;
  const kernel: Pair = [image[0] / rows, image[1] / columns];
  return { kernel, stride: kernel, padding: "valid" };
}
