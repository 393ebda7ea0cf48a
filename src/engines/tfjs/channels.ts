/**
 * @file Operations among the channels of a pixel. TensorFlow.js's own local response normalisation has windows of odd sizes alone; here the sum over
 * a window is a product with a banded matrix, which every backend differentiates.
 */
import type { Tensor2D } from "@tensorflow/tfjs";
import { channelWindow } from "../../network/ops/local-response.ts";
import { imageOf, type TfjsOp } from "./op.ts";

export const localResponseNorm: TfjsOp<"localResponseNorm"> = (call) => {
  const { tf } = call;
  const { size, alpha, beta, k } = call.attributes;
  const image = imageOf(call);
  const channels = image.shape[3];
  const { before, after } = channelWindow(size);
  /** Row: the channel that is read; column: the one in whose window it is. */
  const band = Array.from({ length: channels * channels }, (_, i) => {
    const offset = Math.floor(i / channels) - (i % channels);
    return offset >= -before && offset <= after ? alpha / size : 0;
  });
  const squares = tf.reshape(tf.square(image), [-1, channels]) as Tensor2D;
  const sums = tf.reshape(tf.matMul(squares, tf.tensor2d(band, [channels, channels])), image.shape);
  return tf.mul(image, tf.pow(tf.add(sums, k), -beta));
};

export const channelShuffle: TfjsOp<"channelShuffle"> = (call) => {
  const { tf, attributes } = call;
  const image = imageOf(call);
  const table = tf.reshape(image, [-1, attributes.groups, image.shape[3] / attributes.groups]);
  return tf.reshape(tf.transpose(table, [0, 2, 1]), image.shape);
};

export const channelSlice: TfjsOp<"channelSlice"> = (call) => {
  const { first, count } = call.attributes;
  const image = imageOf(call);
  const [n, height, width] = image.shape;
  return call.tf.slice(image, [0, 0, 0, first], [n, height, width, count]);
};
