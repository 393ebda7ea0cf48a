/**
 * @file Shears, shifts and turns of a picture in bytes: each pixel of the result is one of the picture's, or the fill where it would lie
 * outside. Pixel for pixel what Pillow does without interpolation, fixed point included, so that its results are ours.
 */

export interface PictureShape {
  readonly height: number;
  readonly width: number;
}

/** Where an output pixel's centre (x, y) is read: `(a x + b y + c, d x + e y + f)`. */
type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Writes to `to` the picture `from` read through `matrix`. Both `[height, width, 3]`; `fill` is a colour of 3 bytes. */
function readThrough(
  from: Uint8Array,
  to: Uint8Array,
  { height, width }: PictureShape,
  [a, b, c, d, e, f]: Affine,
  fill: Uint8Array,
): void {
  // 16 bits before the point and 16 after it, as in Pillow: rounding decides which of two pixels is nearer, so it has to be the same.
  const fixed = (value: number): number => Math.floor(value * 65_536 + 0.5);
  const [alongX, alongY, downX, downY] = [fixed(a), fixed(d), fixed(b), fixed(e)];
  let [rowX, rowY] = [fixed(c + (a + b) / 2), fixed(f + (d + e) / 2)];
  let target = 0;
  for (let y = 0; y < height; y++) {
    let [sourceX, sourceY] = [rowX, rowY];
    for (let x = 0; x < width; x++) {
      const column = sourceX >> 16;
      const row = sourceY >> 16;
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      const source = (row * width + column) * 3;
      for (let channel = 0; channel < 3; channel++)
        to[target++] = (isInside ? from[source + channel] : fill[channel]) as number;
      sourceX += alongX;
      sourceY += alongY;
    }
    rowX += downX;
    rowY += downY;
  }
}

/** An operation that moves pixels. `amount` has the unit that is said at each. */
type Move = (from: Uint8Array, to: Uint8Array, shape: PictureShape, amount: number, fill: Uint8Array) => void;

/** `amount` is the shift per row, in pixels; the top row stays. */
export const shearX: Move = (from, to, shape, amount, fill) =>
  readThrough(from, to, shape, [1, amount, 0, 0, 1, 0], fill);

/** `amount` is the shift per column, in pixels; the left column stays. */
export const shearY: Move = (from, to, shape, amount, fill) =>
  readThrough(from, to, shape, [1, 0, 0, amount, 1, 0], fill);

/** `amount` is whole pixels to the right. */
export const translateX: Move = (from, to, shape, amount, fill) =>
  readThrough(from, to, shape, [1, 0, -amount, 0, 1, 0], fill);

/** `amount` is whole pixels down. */
export const translateY: Move = (from, to, shape, amount, fill) =>
  readThrough(from, to, shape, [1, 0, 0, 0, 1, -amount], fill);

/** `amount` is degrees against the clock, about the middle. */
export const rotate: Move = (from, to, shape, amount, fill) => {
  const angle = (amount * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middleX, middleY] = [shape.width / 2, shape.height / 2];
  const c = middleX - cos * middleX + sin * middleY;
  const f = middleY - sin * middleX - cos * middleY;
  readThrough(from, to, shape, [cos, -sin, c, sin, cos, f], fill);
};
