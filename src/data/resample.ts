/**
 * @file Pictures to another size: a triangle filter as wide as the step between two output pixels, so that every input pixel counts (what other
 * tools call antialiased bilinear). Our own, because a canvas scales differently from version to version, and these pixels are what is trained on.
 */

/** Part of a picture, in its pixels; need not be whole. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Returns the largest centred part of a picture that has the shape of the target: its shorter side whole, the rest cut on both sides alike. */
export function centredPart(width: number, height: number, toWidth: number, toHeight: number): Rectangle {
  const scale = Math.min(width / toWidth, height / toHeight);
  const part = { width: toWidth * scale, height: toHeight * scale };
  return { x: (width - part.width) / 2, y: (height - part.height) / 2, ...part };
}

/** For each output pixel of an axis: the first input pixel that counts, and the weights from there on, which sum to 1. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

function tapsOf(start: number, length: number, outputs: number, limit: number): Taps[] {
  const step = length / outputs;
  // Enlarged pictures are interpolated between neighbours.
  const reach = Math.max(1, step);
  return Array.from({ length: outputs }, (_, k) => {
    const centre = start + (k + 0.5) * step;
    const first = Math.max(0, Math.ceil(centre - reach - 0.5));
    const last = Math.min(limit - 1, Math.floor(centre + reach - 0.5));
    const weights = Float64Array.from({ length: Math.max(1, last - first + 1) }, (_, j) =>
      Math.max(0, 1 - Math.abs(first + j + 0.5 - centre) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return {
      first: Math.min(first, limit - 1),
      weights: sum > 0 ? weights.map((weight) => weight / sum) : Float64Array.of(1),
    };
  });
}

/**
 * Returns a part of a picture at another size, `[toHeight, toWidth, 3]`. `rgba` is `[height, width, 4]`, colours not multiplied by alpha;
 * what is transparent shows white.
 */
export function resample(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  part: Rectangle,
  toWidth: number,
  toHeight: number,
): Uint8ClampedArray {
  const columns = tapsOf(part.x, part.width, toWidth, width);
  const rows = tapsOf(part.y, part.height, toHeight, height);
  const top = Math.min(...rows.map(({ first }) => first));
  const bottom = Math.max(...rows.map(({ first, weights }) => first + weights.length));
  const narrow = new Float64Array((bottom - top) * toWidth * 3);
  for (let y = top; y < bottom; y++) {
    columns.forEach(({ first, weights }, k) => {
      const out = ((y - top) * toWidth + k) * 3;
      let [red, green, blue] = [0, 0, 0];
      for (let j = 0; j < weights.length; j++) {
        const at = (y * width + first + j) * 4;
        const opacity = (rgba[at + 3] as number) / 255;
        const weight = (weights[j] as number) * opacity;
        const white = 255 * ((weights[j] as number) - weight);
        red += weight * (rgba[at] as number) + white;
        green += weight * (rgba[at + 1] as number) + white;
        blue += weight * (rgba[at + 2] as number) + white;
      }
      narrow[out] = red;
      narrow[out + 1] = green;
      narrow[out + 2] = blue;
    });
  }
  const stride = toWidth * 3;
  // Rounds and clamps.
  const result = new Uint8ClampedArray(toHeight * stride);
  rows.forEach(({ first, weights }, k) => {
    for (let x = 0; x < stride; x++) {
      let sum = 0;
      for (let j = 0; j < weights.length; j++)
        sum += (weights[j] as number) * (narrow[(first - top + j) * stride + x] as number);
      result[k * stride + x] = sum;
    }
  });
  return result;
}
