/** @file Batch normalisation with its gradient written out: one pass over the tensor where TensorFlow.js's own would keep six. */
import type { Tensor } from "@tensorflow/tfjs";
import { weightOf, type TfjsOp } from "./op.ts";

export const batchNorm: TfjsOp<"batchNorm"> = (call) => {
  const { tf, attributes, training } = call;
  const { epsilon } = attributes;
  const input = call.inputs[0] as Tensor;
  const gamma = weightOf(call, "gamma");
  const beta = weightOf(call, "beta");
  if (!training) {
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(weightOf(call, "movingVariance"), epsilon)));
    const shift = tf.sub(beta, tf.mul(weightOf(call, "movingMean"), scale));
    return tf.add(tf.mul(input, scale), shift);
  }
  const axes = input.shape.slice(1).map((_, axis) => axis);
  const count = axes.reduce((product, axis) => product * (input.shape[axis] as number), 1);
  const normalise = tf.customGrad((...given) => {
    const [x, g, b, save] = given as unknown as [Tensor, Tensor, Tensor, (tensors: Tensor[]) => void];
    const mean = tf.mean(x, axes);
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), axes);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const normalised = tf.mul(centred, inverse);
    save([normalised, tf.mul(g, inverse)]);
    training.statistics(call.nodeId, tf.keep(mean), tf.keep(variance));
    return {
      value: tf.add(tf.mul(normalised, g), b),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [xHat, slope] = saved as [Tensor, Tensor];
        const betaGradient = tf.sum(dy, axes);
        const gammaGradient = tf.sum(tf.mul(dy, xHat), axes);
        const rest = tf.sub(tf.sub(dy, tf.div(betaGradient, count)), tf.mul(xHat, tf.div(gammaGradient, count)));
        return [tf.mul(rest, slope), gammaGradient, betaGradient];
      },
    };
  });
  return normalise(input, gamma, beta);
};
