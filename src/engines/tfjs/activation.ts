/** @file The activations. Clipped ones bring their own gradient: TensorFlow.js's lets it pass at the bounds. */
import type { Tensor } from "@tensorflow/tfjs";
import type { ActivationName } from "../../network/network.ts";
import type { Tf } from "./load.ts";
import type { TfjsOp } from "./op.ts";

/** Returns `x` clipped to [0, 6], with slope 1 strictly inside and 0 elsewhere. */
function clipToSix(tf: Tf, input: Tensor): Tensor {
  const clip = tf.customGrad((...given) => {
    const [x, save] = given as unknown as [Tensor, (tensors: Tensor[]) => void];
    save([x]);
    return {
      value: tf.clipByValue(x, 0, 6),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const inner = saved[0] as Tensor;
        return tf.mul(dy, tf.cast(tf.logicalAnd(tf.greater(inner, 0), tf.less(inner, 6)), "float32"));
      },
    };
  });
  return clip(input);
}

const hsigmoid = (tf: Tf, x: Tensor): Tensor => tf.div(clipToSix(tf, tf.add(x, 3)), 6);

const functions: { readonly [Name in ActivationName]: (tf: Tf, x: Tensor) => Tensor } = {
  relu: (tf, x) => tf.relu(x),
  relu6: (tf, x) => clipToSix(tf, x),
  swish: (tf, x) => tf.mul(x, tf.sigmoid(x)),
  hswish: (tf, x) => tf.mul(x, hsigmoid(tf, x)),
  sigmoid: (tf, x) => tf.sigmoid(x),
  hsigmoid,
  tanh: (tf, x) => tf.tanh(x),
};

export const activation: TfjsOp<"activation"> = ({ tf, attributes, inputs }) =>
  functions[attributes.fn](tf, inputs[0] as Tensor);
