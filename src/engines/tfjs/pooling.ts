/** @file Pools, with padding laid on by hand: TensorFlow.js's gradient of a padded average pool divides by the full window at the border. */
import type { Tensor } from "@tensorflow/tfjs";
import { windowGeometry } from "../../network/ops/window.ts";
import { imageOf, type TfjsOp } from "./op.ts";
import { padImage, tapsOf, type WindowAttributes } from "./taps.ts";

/** Returns the full window's size over the number of pixels each window holds: what turns a mean with padding into one without. `[1, outH, outW, 1]`. */
function borderCorrection(height: number, width: number, attributes: WindowAttributes): readonly number[] {
  const geometry = windowGeometry([height, width, 1], attributes);
  const [rows, columns] = attributes.kernel;
  const held = (out: number, before: number, stride: number, kernel: number, size: number): number => {
    const start = out * stride - before;
    return Math.min(start + kernel, size) - Math.max(start, 0);
  };
  const correction: number[] = [];
  for (let y = 0; y < geometry.height; y++)
    for (let x = 0; x < geometry.width; x++) {
      const inRow = held(y, geometry.top, attributes.stride[0], rows, height);
      const inColumn = held(x, geometry.left, attributes.stride[1], columns, width);
      correction.push((rows * columns) / (inRow * inColumn));
    }
  return correction;
}

export const avgPool: TfjsOp<"avgPool"> = (call) => {
  const { tf, attributes } = call;
  const image = imageOf(call);
  const padded = padImage(tf, image, attributes);
  const { kernel, stride } = attributes;
  let mean: Tensor;
  if (call.training && !call.hasKernel("AvgPoolGrad")) {
    const taps = tapsOf(tf, padded, attributes);
    mean = tf.mul(
      taps.reduce((total, tap) => tf.add(total, tap)),
      1 / taps.length,
    );
  } else mean = tf.avgPool(padded.image, [...kernel], [...stride], "valid");
  if (!padded.isPadded) return mean;
  const { height, width } = padded.geometry;
  const [, h, w] = image.shape;
  return tf.mul(mean, tf.tensor([...borderCorrection(h, w, attributes)], [1, height, width, 1]));
};

/**
 * Padding is the lowest finite number: it never wins, as no window lies wholly in it. Where the backend's gradient is not known to go to the
 * first of equal maxima, the maximum is folded tap by tap: the gradient of tf.maximum goes to the earlier of two equals.
 */
export const maxPool: TfjsOp<"maxPool"> = (call) => {
  const { tf, attributes } = call;
  const padded = padImage(tf, imageOf(call), attributes, -3.4028234663852886e38);
  const { kernel, stride } = attributes;
  if (call.training && !call.hasKernel("MaxPoolGrad"))
    return tapsOf(tf, padded, attributes).reduce((best, tap) => tf.maximum(best, tap));
  return tf.maxPool(padded.image, [...kernel], [...stride], "valid");
};

export const globalAvgPool: TfjsOp<"globalAvgPool"> = (call) =>
  call.tf.mean(imageOf(call), [1, 2], call.attributes.keepDims);
