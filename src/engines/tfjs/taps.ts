/**
 * @file Sliding windows from slices alone. A window operation is a sum, or a maximum, over the taps of its window, and one tap's share is a strided
 * slice of the padded image. TensorFlow.js lacks gradients of some windows (dilated ones; on WebAssembly of all convolutions), but it slices and
 * pads everywhere. One tap is in memory at a time.
 */
import type { Tensor, Tensor4D } from "@tensorflow/tfjs";
import type { Padding, Pair } from "../../network/network.ts";
import { windowGeometry, type WindowGeometry } from "../../network/ops/window.ts";
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

/** Takes the padding off a gradient again. */
export function cropImage(tf: Tf, padded: Tensor4D, like: Tensor4D, geometry: WindowGeometry): Tensor4D {
  return tf.slice(padded, [0, geometry.top, geometry.left, 0], like.shape);
}

/** One tap of a window: its row-major number, and its place. */
export interface Tap {
  readonly index: number;
  readonly y: number;
  readonly x: number;
}

export function tapsOf({ kernel }: WindowAttributes): readonly Tap[] {
  const [rows, columns] = kernel;
  return Array.from({ length: rows * columns }, (_, index) => {
    return { index, y: Math.floor(index / columns), x: index % columns };
  });
}

/** Returns what a tap sees: the padded image shifted and thinned to `[n, outH, outW, c]`. */
export function seenBy(tf: Tf, tap: Tap, padded: PaddedImage, attributes: WindowAttributes): Tensor4D {
  const { stride, dilation = [1, 1] } = attributes;
  const { height, width } = padded.geometry;
  const [n, , , c] = padded.image.shape;
  const begin: [number, number, number, number] = [0, tap.y * dilation[0], tap.x * dilation[1], 0];
  const size: [number, number, number, number] = [n, (height - 1) * stride[0] + 1, (width - 1) * stride[1] + 1, c];
  const part = tf.slice(padded.image, begin, size);
  if (stride[0] === 1 && stride[1] === 1) return part;
  return tf.stridedSlice(part, [0, 0, 0, 0], size, [1, stride[0], stride[1], 1]) as Tensor4D;
}

/** Puts a gradient of what a tap saw back in its place on the padded image: the transpose of `seenBy`. */
export function putBack(
  tf: Tf,
  tap: Tap,
  gradient: Tensor4D,
  padded: PaddedImage,
  attributes: WindowAttributes,
): Tensor4D {
  const { stride, dilation = [1, 1] } = attributes;
  const wide = spread(tf, gradient, stride);
  const [, fullH, fullW] = padded.image.shape;
  const [, h, w] = wide.shape;
  const top = tap.y * dilation[0];
  const left = tap.x * dilation[1];
  return tf.pad(wide, [
    [0, 0],
    [top, fullH - top - h],
    [left, fullW - left - w],
    [0, 0],
  ]);
}

/** Puts stride - 1 zeros between rows and between columns. */
function spread(tf: Tf, image: Tensor4D, [strideY, strideX]: Pair): Tensor4D {
  if (strideY === 1 && strideX === 1) return image;
  const [n, h, w, c] = image.shape;
  const rows = interleave(tf, tf.reshape(image, [n, h, w * c]), strideY);
  const tall = rows.shape[1] as number;
  const columns = interleave(tf, tf.reshape(rows, [n * tall, w, c]), strideX);
  return tf.reshape(columns, [n, tall, columns.shape[1] as number, c]);
}

/** Puts `stride - 1` zeros between neighbours along the middle axis. `[a, b, c]` to `[a, (b - 1) * stride + 1, c]`. */
function interleave(tf: Tf, x: Tensor, stride: number): Tensor {
  const [a, b, c] = x.shape as [number, number, number];
  const padded = tf.pad(tf.reshape(x, [a * b, 1, c]), [
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  return tf.slice(tf.reshape(padded, [a, b * stride, c]), [0, 0, 0], [a, (b - 1) * stride + 1, c]);
}

/** Sums what `term` gives for each tap, keeping one term at a time. */
export function sumOverTaps(tf: Tf, attributes: WindowAttributes, term: (tap: Tap) => Tensor4D): Tensor4D {
  let total: Tensor4D | undefined;
  for (const tap of tapsOf(attributes)) {
    const before: Tensor4D | undefined = total;
    total = tf.tidy(() => (before ? tf.add(before, term(tap)) : term(tap)));
    before?.dispose();
  }
  return total as Tensor4D;
}
