/** @file How large a scaled skeleton's images are, for every family alike. */

/**
 * Returns an input `[height, width, channels]` whose sides have grown by `resolution`, to a multiple of `stride` pixels (the product of the network's
 * strides, so that every one of them divides) and no less. At a resolution of 1 it is what it was.
 */
export function grownInput(
  [height, width, channels]: readonly [number, number, number],
  resolution: number,
  stride: number,
): readonly [number, number, number] {
  const side = (pixels: number): number =>
    resolution === 1 ? pixels : Math.max(stride, Math.round((pixels * resolution) / stride) * stride);
  return [side(height), side(width), channels];
}
