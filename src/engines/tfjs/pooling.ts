/** @file Pools, with padding laid on by hand: TensorFlow.js's gradient of a padded average pool divides by the full window at the border. */
import type { Tensor, Tensor4D } from "@tensorflow/tfjs";
import type { OpAttributes } from "../../network/network.ts";
import { windowGeometry } from "../../network/ops/window.ts";
import { imageOf, type PassContext, type TfjsOp } from "./op.ts";
import { padImage, putBack, seenBy, sumOverTaps, tapsOf, type PaddedImage, type WindowAttributes } from "./taps.ts";

/** The lowest finite number in single precision. */
const LOWEST = -3.4028234663852886e38;

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
  const mean = tf.avgPool(padded.image, [...attributes.kernel], [...attributes.stride], "valid");
  if (!padded.isPadded) return mean;
  const { height, width } = padded.geometry;
  const [, h, w] = image.shape;
  return tf.mul(mean, tf.tensor([...borderCorrection(h, w, attributes)], [1, height, width, 1]));
};

export const maxPool: TfjsOp<"maxPool"> = (call) => maxPoolOf(call, imageOf(call), call.attributes);

/** Padding is the lowest finite number: it never wins, as no window lies wholly in it. The gradient goes to the first of equal maxima. */
export function maxPoolOf(call: PassContext, unpadded: Tensor4D, attributes: OpAttributes["maxPool"]): Tensor4D {
  const { tf } = call;
  const padded = padImage(tf, unpadded, attributes, LOWEST);
  const pool = (image: Tensor4D): Tensor4D =>
    tf.maxPool(image, [...attributes.kernel], [...attributes.stride], "valid");
  if (!call.training || call.hasKernel("MaxPoolGrad")) return pool(padded.image);
  const poolByTaps = tf.customGrad((...given) => {
    const [input, save] = given as unknown as [Tensor4D, (tensors: Tensor[]) => void];
    const value = pool(input);
    save([input, value]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [image, maximum] = saved as [Tensor4D, Tensor4D];
        const again: PaddedImage = { ...padded, image };
        /** What no tap so far has won: a window's gradient, or 0 once it is given away. */
        let left = tf.clone(dy) as Tensor4D;
        return sumOverTaps(tf, attributes, (tap) => {
          const isWinner = tf.cast(tf.equal(seenBy(tf, tap, again, attributes), maximum), "float32");
          const won = tf.mul(left, isWinner) as Tensor4D;
          const rest = tf.keep(tf.sub(left, won)) as Tensor4D;
          left.dispose();
          left = rest;
          if (tap.index === tapsOf(attributes).length - 1) left.dispose();
          return putBack(tf, tap, won, again, attributes);
        });
      },
    };
  });
  return poolByTaps(padded.image) as Tensor4D;
}

export const globalAvgPool: TfjsOp<"globalAvgPool"> = (call) =>
  call.tf.mean(imageOf(call), [1, 2], call.attributes.keepDims);
