/** @file Convolutions: TensorFlow.js's own where it is right, taps where it is not (dilation, strides that differ, backends without gradients). */
import type { Tensor, Tensor4D } from "@tensorflow/tfjs";
import { imageOf, weightOf, type OpCall, type PassContext, type TfjsOp } from "./op.ts";
import { padImage, tapsOf, type WindowAttributes } from "./taps.ts";

/** Returns the image and the padding that TensorFlow.js is told: explicit padding is laid on by hand. */
function prepare(
  context: PassContext,
  image: Tensor4D,
  attributes: WindowAttributes,
): { readonly image: Tensor4D; readonly pad: "same" | "valid" } {
  const { padding, kernel, stride } = attributes;
  // WebAssembly's `same` is wrong where the stride steps over the kernel along one axis.
  const isCovering = kernel.every((side, axis) => side >= (stride[axis] as number));
  if (padding === "valid" || (padding === "same" && isCovering)) return { image, pad: padding };
  return { image: padImage(context.tf, image, attributes).image, pad: "valid" };
}

const isDilated = ({ dilation }: WindowAttributes): boolean => (dilation ?? [1, 1]).some((rate) => rate > 1);
const isStrided = ({ stride }: WindowAttributes): boolean => stride.some((step) => step > 1);

/** Whether TensorFlow.js computes this window itself: it refuses stride and dilation together, and has no gradient of dilated ones. */
function isSupported(call: OpCall<"conv"> | OpCall<"depthwiseConv">, gradientKernels: readonly string[]): boolean {
  if (!call.training) return !isDilated(call.attributes) || !isStrided(call.attributes);
  return !isDilated(call.attributes) && gradientKernels.every(call.hasKernel);
}

function withBias(call: OpCall<"conv"> | OpCall<"depthwiseConv">, image: Tensor): Tensor {
  return call.weights.bias ? call.tf.add(image, call.weights.bias) : image;
}

/** One group. Kernel `[kh, kw, depth, filters]`. */
function convolve(call: OpCall<"conv">, image: Tensor4D, kernel: Tensor4D): Tensor4D {
  const { tf, attributes } = call;
  const [rows, columns, depth, filters] = kernel.shape;
  if (!isSupported(call, ["Conv2DBackpropFilter", "Conv2DBackpropInput"])) {
    const padded = padImage(tf, image, attributes);
    const [n] = image.shape;
    const { height, width } = padded.geometry;
    const taps = tapsOf(tf, padded, attributes).map((tap, i) => {
      const at = [Math.floor(i / columns), i % columns, 0, 0];
      const weights = tf.reshape(tf.slice(kernel, at, [1, 1, depth, filters]), [depth, filters]);
      return tf.matMul(tf.reshape(tap, [n * height * width, depth]), weights);
    });
    return tf.reshape(sum(call, taps), [n, height, width, filters]) as Tensor4D;
  }
  // A 1x1 window at stride 1 is a matrix product, which every backend does faster.
  const { stride } = attributes;
  if (rows * columns * stride[0] * stride[1] === 1 && typeof attributes.padding === "string") {
    const [n, h, w] = image.shape;
    const product = tf.matMul(tf.reshape(image, [n * h * w, depth]), tf.reshape(kernel, [depth, filters]));
    return tf.reshape(product, [n, h, w, filters]);
  }
  const prepared = prepare(call, image, attributes);
  return tf.conv2d(prepared.image, kernel, [...stride], prepared.pad, "NHWC", [...attributes.dilation]);
}

function sum<T extends Tensor>({ tf }: PassContext, terms: readonly T[]): T {
  return terms.reduce((total, term) => tf.add(total, term));
}

export const conv: TfjsOp<"conv"> = (call) => {
  const { tf, attributes } = call;
  const image = imageOf(call);
  const kernel = weightOf(call, "kernel") as Tensor4D;
  const { groups } = attributes;
  if (groups === 1) return withBias(call, convolve(call, image, kernel));
  const images = tf.split(image, groups, 3);
  const kernels = tf.split(kernel, groups, 3);
  const parts = images.map((part, g) => convolve(call, part as Tensor4D, kernels[g] as Tensor4D));
  return withBias(call, tf.concat(parts, 3));
};

export const depthwiseConv: TfjsOp<"depthwiseConv"> = (call) => {
  const { tf, attributes } = call;
  const image = imageOf(call);
  const kernel = weightOf(call, "kernel");
  const [rows, columns, channels] = kernel.shape as [number, number, number];
  const { stride, dilation } = attributes;
  // TensorFlow's kernel takes one stride and one dilation for both axes.
  const isSquare = stride[0] === stride[1] && dilation[0] === dilation[1];
  const gradientKernels = ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"];
  if (!isSquare || !isSupported(call, gradientKernels)) {
    const taps = tapsOf(tf, padImage(tf, image, attributes), attributes).map((tap, i) => {
      const at = [Math.floor(i / columns), i % columns, 0];
      return tf.mul(tap, tf.reshape(tf.slice(kernel, at, [1, 1, channels]), [channels]));
    });
    return withBias(call, sum(call, taps));
  }
  const prepared = prepare(call, image, attributes);
  const filter = tf.reshape(kernel, [rows, columns, channels, 1]) as Tensor4D;
  return withBias(call, tf.depthwiseConv2d(prepared.image, filter, [...stride], prepared.pad, "NHWC", [...dilation]));
};
