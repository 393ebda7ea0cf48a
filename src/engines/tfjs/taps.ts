/**
 * @file Sliding windows from slices alone. A window operation is a sum, or a maximum, over the taps of its window, and one tap's share is a strided
 * slice of the padded image. TensorFlow.js lacks gradients for some windows (dilated ones; on some backends all), but not for these.
 */
import type { Tensor, Tensor4D } from "@tensorflow/tfjs";
import { windowGeometry, type WindowGeometry } from "../../network/ops/window.ts";
import type { Padding, Pair } from "../../network/network.ts";
import type { Tf } from "./load.ts";

export interface WindowAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation?: Pair;
  readonly padding: Padding;
}

/** An image with its padding laid on, ready for windows that need none. */
export interface PaddedImage {
  readonly image: Tensor4D;
  readonly geometry: WindowGeometry;
  readonly isPadded: boolean;
}

export function padImage(tf: Tf, image: Tensor4D, attributes: WindowAttributes, value = 0): PaddedImage {
  const [, h, w, c] = image.shape;
  const geometry = windowGeometry([h, w, c], attributes);
  const { top, bottom, left, right } = geometry;
  const isPadded = top + bottom + left + right > 0;
  const padding: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return { image: isPadded ? tf.pad(image, padding, value) : image, geometry, isPadded };
}

/** Returns what each tap of the window sees, row by row: `kernel[0] * kernel[1]` images `[n, outH, outW, c]`. */
export function tapsOf(tf: Tf, padded: PaddedImage, attributes: WindowAttributes): readonly Tensor4D[] {
  const { kernel, stride } = attributes;
  const [dilateY, dilateX] = attributes.dilation ?? [1, 1];
  const { height, width } = padded.geometry;
  const [n, , , c] = padded.image.shape;
  const size: [number, number, number, number] = [n, (height - 1) * stride[0] + 1, (width - 1) * stride[1] + 1, c];
  const taps: Tensor4D[] = [];
  for (let ky = 0; ky < kernel[0]; ky++)
    for (let kx = 0; kx < kernel[1]; kx++) {
      const part = tf.slice(padded.image, [0, ky * dilateY, kx * dilateX, 0], size);
      taps.push(everyNth(tf, part, stride));
    }
  return taps;
}

/** Takes every n-th row and column, beginning with the first. tf.stridedSlice itself has no gradient. */
export function everyNth(tf: Tf, image: Tensor4D, [strideY, strideX]: Pair): Tensor4D {
  if (strideY === 1 && strideX === 1) return image;
  const { shape } = image;
  const take = tf.customGrad((x) => ({
    value: tf.stridedSlice(x as Tensor4D, [0, 0, 0, 0], shape, [1, strideY, strideX, 1]),
    gradFunc: (dy: Tensor) => spread(tf, dy as Tensor4D, shape, [strideY, strideX]),
  }));
  return take(image) as Tensor4D;
}

/** Puts zeros between rows and columns: the transpose of `everyNth`. Done with ranks of 4 and below, which every backend can pad. */
function spread(tf: Tf, image: Tensor4D, shape: readonly number[], [strideY, strideX]: Pair): Tensor4D {
  const [n, h, w, c] = image.shape;
  const [, outH, outW] = shape as [number, number, number, number];
  const rows = tf.pad(tf.reshape(image, [n * h, 1, w * c]), [
    [0, 0],
    [0, strideY - 1],
    [0, 0],
  ]);
  const tall = tf.slice(fit(tf, tf.reshape(rows, [n, h * strideY, w * c]), outH), [0, 0, 0], [n, outH, w * c]);
  const columns = tf.pad(tf.reshape(tall, [n * outH * w, 1, c]), [
    [0, 0],
    [0, strideX - 1],
    [0, 0],
  ]);
  const wide = tf.slice(fit(tf, tf.reshape(columns, [n * outH, w * strideX, c]), outW), [0, 0, 0], [n * outH, outW, c]);
  return tf.reshape(wide, [n, outH, outW, c]);
}

/** Lengthens the second axis with zeros where it is shorter than `length`. */
function fit(tf: Tf, x: Tensor, length: number): Tensor {
  const missing = length - (x.shape[1] as number);
  if (missing <= 0) return x;
  return tf.pad(x, [
    [0, 0],
    [0, missing],
    [0, 0],
  ]);
}
