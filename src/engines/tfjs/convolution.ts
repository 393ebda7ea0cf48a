/** @file Convolutions: TensorFlow.js's own where it is right, taps where it is not (gradients of dilation, strides that differ, backends without). */
import type { Tensor, Tensor2D, Tensor4D } from "@tensorflow/tfjs";
import { imageOf, weightOf, type OpCall, type PassContext, type TfjsOp } from "./op.ts";
import { cropImage, padImage, putBack, seenBy, sumOverTaps, tapsOf, type Tap, type WindowAttributes } from "./taps.ts";

const isDilated = ({ dilation }: WindowAttributes): boolean => (dilation ?? [1, 1]).some((rate) => rate > 1);
const isStrided = ({ stride }: WindowAttributes): boolean => stride.some((step) => step > 1);

/** Returns the image and the padding that TensorFlow.js is told: explicit padding is laid on by hand. */
function prepare(
  { tf }: PassContext,
  image: Tensor4D,
  attributes: WindowAttributes,
): { readonly image: Tensor4D; readonly pad: "same" | "valid" } {
  const { padding, kernel, stride } = attributes;
  // WebAssembly's `same` is wrong where the stride steps over the kernel along one axis.
  const isCovering = kernel.every((side, axis) => side >= (stride[axis] as number));
  if (padding === "valid" || (padding === "same" && isCovering)) return { image, pad: padding };
  return { image: padImage(tf, image, attributes).image, pad: "valid" };
}

/** What makes a kind of convolution out of taps. The kernel's first two axes are the window's. */
interface TapRule {
  /** The tap's share of the output. */
  forward(seen: Tensor4D, weights: Tensor): Tensor4D;
  /** The gradient by what the tap saw. */
  toImage(gradient: Tensor4D, weights: Tensor): Tensor4D;
  /** The gradient by the tap's weights. */
  toWeights(gradient: Tensor4D, seen: Tensor4D): Tensor;
}

interface TappedCall {
  readonly tf: PassContext["tf"];
  readonly attributes: WindowAttributes;
  readonly rule: TapRule;
  /** Computes the output where TensorFlow.js can do that much. */
  readonly forward: ((image: Tensor4D, kernel: Tensor) => Tensor4D) | undefined;
}

/** A convolution whose gradient, and where need be whose output, is made tap by tap. */
function tapped(call: TappedCall, image: Tensor4D, kernel: Tensor): Tensor4D {
  const { tf, attributes, rule } = call;
  const weightsAt = (weights: Tensor, { y, x }: Tap): Tensor => {
    const rest = weights.shape.slice(2);
    return tf.reshape(tf.slice(weights, [y, x, ...rest.map(() => 0)], [1, 1, ...rest]), rest);
  };
  const convolve = tf.customGrad((...given) => {
    const [input, weights, save] = given as unknown as [Tensor4D, Tensor, (tensors: Tensor[]) => void];
    save([input, weights]);
    const byTaps = (): Tensor4D => {
      const padded = padImage(tf, input, attributes);
      return sumOverTaps(tf, attributes, (tap) =>
        rule.forward(seenBy(tf, tap, padded, attributes), weightsAt(weights, tap)),
      );
    };
    return {
      value: call.forward ? call.forward(input, weights) : byTaps(),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [x, w] = saved as [Tensor4D, Tensor];
        const gradient = dy as Tensor4D;
        const padded = padImage(tf, x, attributes);
        const inPadded = sumOverTaps(tf, attributes, (tap) =>
          putBack(tf, tap, rule.toImage(gradient, weightsAt(w, tap)), padded, attributes),
        );
        const byTap = tapsOf(attributes).map((tap) =>
          tf.tidy(() => rule.toWeights(gradient, seenBy(tf, tap, padded, attributes))),
        );
        return [cropImage(tf, inPadded, x, padded.geometry), tf.reshape(tf.stack(byTap), w.shape)];
      },
    };
  });
  return convolve(image, kernel) as Tensor4D;
}

function withBias(call: OpCall<"conv"> | OpCall<"depthwiseConv">, image: Tensor): Tensor {
  return call.weights.bias ? call.tf.add(image, call.weights.bias) : image;
}

/** One group. Kernel `[kh, kw, depth, filters]`. */
function convolve(call: OpCall<"conv">, image: Tensor4D, kernel: Tensor4D): Tensor4D {
  const { tf, attributes } = call;
  const [rows, columns, depth, filters] = kernel.shape;
  const flat = (x: Tensor4D): Tensor2D => tf.reshape(x, [-1, x.shape[3]]);
  const product = (x: Tensor4D, weights: Tensor, isTransposed = false): Tensor4D =>
    tf.reshape(tf.matMul(flat(x), weights as Tensor2D, false, isTransposed), [x.shape[0], x.shape[1], x.shape[2], -1]);

  // A 1x1 window at stride 1 is a matrix product, which every backend differentiates, and faster.
  if (rows * columns === 1 && !isStrided(attributes) && typeof attributes.padding === "string")
    return product(image, tf.reshape(kernel, [depth, filters]));

  const direct = (x: Tensor4D, weights: Tensor): Tensor4D => {
    const prepared = prepare(call, x, attributes);
    const { stride, dilation } = attributes;
    return tf.conv2d(prepared.image, weights as Tensor4D, [...stride], prepared.pad, "NHWC", [...dilation]);
  };
  const runsForward = !isDilated(attributes) || !isStrided(attributes);
  const hasGradient = !isDilated(attributes) && ["Conv2DBackpropFilter", "Conv2DBackpropInput"].every(call.hasKernel);
  if (call.training ? hasGradient : runsForward) return direct(image, kernel);
  const rule: TapRule = {
    forward: (seen, weights) => product(seen, weights),
    toImage: (gradient, weights) => product(gradient, weights, true),
    toWeights: (gradient, seen) => tf.matMul(flat(seen), flat(gradient), true, false),
  };
  return tapped({ tf, attributes, rule, forward: runsForward ? direct : undefined }, image, kernel);
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
  const direct = (x: Tensor4D, weights: Tensor): Tensor4D => {
    const prepared = prepare(call, x, attributes);
    const filter = tf.reshape(weights, [rows, columns, channels, 1]) as Tensor4D;
    return tf.depthwiseConv2d(prepared.image, filter, [...stride], prepared.pad, "NHWC", [...dilation]);
  };
  // TensorFlow's kernel took one stride and one dilation for both axes up to 2.9 at least, which tfjs-node brings.
  const isSquare = stride[0] === stride[1] && dilation[0] === dilation[1];
  const runsForward = isSquare && (!isDilated(attributes) || !isStrided(attributes));
  const gradientKernels = ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"];
  const hasGradient = runsForward && !isDilated(attributes) && gradientKernels.every(call.hasKernel);
  if (call.training ? hasGradient : runsForward) return withBias(call, direct(image, kernel));
  const rule: TapRule = {
    forward: (seen, weights) => tf.mul(seen, weights),
    toImage: (gradient, weights) => tf.mul(gradient, weights),
    toWeights: (gradient, seen) => tf.sum(tf.mul(gradient, seen), [0, 1, 2]),
  };
  return withBias(call, tapped({ tf, attributes, rule, forward: runsForward ? direct : undefined }, image, kernel));
};
