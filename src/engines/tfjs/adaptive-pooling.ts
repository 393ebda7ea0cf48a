/**
 * @file Pools into a given number of bins. TensorFlow.js has none, so an image is resampled by two matrix products, over its columns and over its
 * rows, which every backend differentiates: for means the matrices hold one over the bin's size; for maxima they pick pixels, so that every bin
 * fills a window of one size, and a pool of that window follows.
 */
import type { Tensor, Tensor2D, Tensor4D } from "@tensorflow/tfjs";
import type { Pair } from "../../network/network.ts";
import { binEdges } from "../../network/ops/adaptive-pooling.ts";
import type { Tf } from "./load.ts";
import { imageOf, type TfjsOp } from "./op.ts";
import { maxPoolOf } from "./pooling.ts";

/** One row of weights for every row (or column) that is made, over those that there are. */
type Weights = readonly (readonly number[])[];

/** Returns the image with rows and columns that are weighted sums of its own. `[n, h, w, c]` to `[n, rows, columns, c]`. */
function resample(tf: Tf, image: Tensor4D, rows: Weights, columns: Weights): Tensor4D {
  const [n, h, w, c] = image.shape;
  const along = (x: Tensor, side: number, weights: Weights): Tensor =>
    tf.matMul(tf.reshape(x, [-1, side]) as Tensor2D, tf.tensor2d(weights.flat(), [weights.length, side]), false, true);
  const wide = along(tf.transpose(image, [0, 1, 3, 2]), w, columns);
  const tall = along(tf.transpose(tf.reshape(wide, [n, h, c, columns.length]), [0, 3, 2, 1]), h, rows);
  return tf.transpose(tf.reshape(tall, [n, columns.length, c, rows.length]), [0, 3, 1, 2]) as Tensor4D;
}

function meansOf(side: number, bins: number): Weights {
  return binEdges(side, bins).map(([start, end]) =>
    Array.from({ length: side }, (_, i) => (i >= start && i < end ? 1 / (end - start) : 0)),
  );
}

export const adaptiveAvgPool: TfjsOp<"adaptiveAvgPool"> = ({ tf, attributes, inputs }) => {
  const image = inputs[0] as Tensor4D;
  const [rows, columns] = attributes.size;
  return resample(tf, image, meansOf(image.shape[1], rows), meansOf(image.shape[2], columns));
};

/** Returns which pixels to pick so that every bin has `kernel` of them: a smaller one repeats its last, which wins nothing that came before. */
function picksOf(side: number, bins: number): { readonly kernel: number; readonly picks: Weights } {
  const edges = binEdges(side, bins);
  const kernel = Math.max(...edges.map(([start, end]) => end - start));
  const picks = edges.flatMap(([start, end]) =>
    Array.from({ length: kernel }, (_, k) => {
      const picked = Math.min(start + k, end - 1);
      return Array.from({ length: side }, (_, i) => (i === picked ? 1 : 0));
    }),
  );
  return { kernel, picks };
}

export const adaptiveMaxPool: TfjsOp<"adaptiveMaxPool"> = (call) => {
  const image = imageOf(call);
  const [rows, columns] = call.attributes.size;
  const vertical = picksOf(image.shape[1], rows);
  const horizontal = picksOf(image.shape[2], columns);
  const kernel: Pair = [vertical.kernel, horizontal.kernel];
  const picked = resample(call.tf, image, vertical.picks, horizontal.picks);
  return maxPoolOf(call, picked, { kernel, stride: kernel, padding: "valid" });
};
