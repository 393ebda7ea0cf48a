/** @file Every operation of the tfjs engine. The compiler lists what is missing. */
import type { Tensor, Tensor4D } from "@tensorflow/tfjs";
import type { Node, OpKind } from "../../network/network.ts";
import { dropoutMask, dropPathMask } from "../masks.ts";
import { activation } from "./activation.ts";
import { adaptiveAvgPool, adaptiveMaxPool } from "./adaptive-pooling.ts";
import { batchNorm } from "./batch-norm.ts";
import { channelShuffle, channelSlice, localResponseNorm } from "./channels.ts";
import { conv, depthwiseConv } from "./convolution.ts";
import { imageOf, vectorOf, weightOf, type OpCall, type TfjsOp } from "./op.ts";
import { avgPool, globalAvgPool, maxPool } from "./pooling.ts";

const flatten: TfjsOp<"flatten"> = (call) => call.tf.reshape(imageOf(call), [imageOf(call).shape[0], -1]);

const dense: TfjsOp<"dense"> = (call) => {
  const product = call.tf.matMul(vectorOf(call), weightOf(call, "kernel"));
  return call.weights.bias ? call.tf.add(product, call.weights.bias) : product;
};

const add: TfjsOp<"add"> = ({ tf, inputs }) => inputs.reduce((total, input) => tf.add(total, input));

const multiply: TfjsOp<"multiply"> = ({ tf, inputs }) => {
  const [left, right] = inputs as [Tensor, Tensor];
  // `[n, c]` over pixels: broadcasting would take n for a row.
  const factor = right.rank < left.rank ? tf.reshape(right, [right.shape[0] as number, 1, 1, -1]) : right;
  return tf.mul(left, factor);
};

const concat: TfjsOp<"concat"> = ({ tf, inputs }) => tf.concat([...inputs], -1);

const dropout: TfjsOp<"dropout"> = ({ tf, attributes, inputs, nodeId, training }) => {
  const input = inputs[0] as Tensor;
  if (!training || attributes.rate === 0) return input;
  const mask = dropoutMask(training.seed, training.step, nodeId, input.size, 1 - attributes.rate);
  return tf.mul(input, tf.tensor(mask, input.shape));
};

const dropPath: TfjsOp<"dropPath"> = ({ tf, attributes, inputs, nodeId, training }) => {
  const input = inputs[0] as Tensor;
  const rate = training ? attributes.depthFraction * training.dropPathRate : 0;
  if (!training || rate === 0) return input;
  const [n, ...rest] = input.shape as [number, ...number[]];
  const mask = dropPathMask(training.seed, training.step, nodeId, n, 1 - rate);
  return tf.mul(input, tf.tensor(mask, [n, ...rest.map(() => 1)]));
};

const zero: TfjsOp<"zero"> = ({ tf, attributes, inputs }) => {
  const { shape } = inputs[0] as Tensor;
  const spatial = (side: number, axis: number): boolean => shape.length === 4 && (axis === 1 || axis === 2) && side > 0;
  return tf.zeros(shape.map((side, axis) => (spatial(side, axis) ? Math.ceil(side / attributes.stride) : side)));
};

const slice: TfjsOp<"slice"> = (call) => {
  const { top, left, height, width } = call.attributes;
  const image = imageOf(call);
  return call.tf.slice(image, [0, top, left, 0], [image.shape[0], height, width, image.shape[3]]);
};

const pad: TfjsOp<"pad"> = (call) => {
  const { top, bottom, left, right } = call.attributes;
  return call.tf.pad(imageOf(call) as Tensor4D, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
};

/** `input` is not here: its value is given. */
type Computed = Exclude<OpKind, "input">;

const operations: { readonly [K in Computed]: TfjsOp<K> } = {
  conv,
  depthwiseConv,
  batchNorm,
  localResponseNorm,
  channelShuffle,
  channelSlice,
  activation,
  maxPool,
  avgPool,
  globalAvgPool,
  adaptiveAvgPool,
  adaptiveMaxPool,
  flatten,
  dense,
  add,
  multiply,
  concat,
  dropout,
  dropPath,
  zero,
  slice,
  pad,
};

/** Runs one node. A node's `op` and `attributes` belong together, which the type of `operations[op]` alone can't say. */
export function runNode(node: Node & { readonly op: Computed }, call: Omit<OpCall<OpKind>, "attributes">): Tensor {
  const operation = operations[node.op] as TfjsOp<OpKind>;
  return operation({ ...call, attributes: node.attributes } as OpCall<OpKind>);
}
