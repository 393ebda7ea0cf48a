/** @file Every operation of the reference engine. The compiler lists what is missing. */
import type { Node, OpKind } from "../../network/network.ts";
import { activation } from "./activation.ts";
import { adaptiveAvgPool, adaptiveMaxPool } from "./adaptive-pooling.ts";
import { batchNorm } from "./batch-norm.ts";
import { channelShuffle, channelSlice, localResponseNorm } from "./channels.ts";
import { add, concat, multiply } from "./combine.ts";
import { conv, depthwiseConv } from "./convolution.ts";
import { dense, flatten } from "./dense.ts";
import type { OpCall, OpKernel, OpResult } from "./kernel.ts";
import { avgPool, globalAvgPool, maxPool } from "./pooling.ts";
import { dropout, dropPath } from "./regularization.ts";
import { pad, slice, zero } from "./spatial.ts";

/** `input` is not here: its value is given. */
type Computed = Exclude<OpKind, "input">;

const kernels: { readonly [K in Computed]: OpKernel<K> } = {
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

/** Runs one node. A node's `op` and `attributes` belong together, which the type of `kernels[op]` alone can't say. */
export function runNode(node: Node & { readonly op: Computed }, call: Omit<OpCall<OpKind>, "attributes">): OpResult {
  const kernel = kernels[node.op] as OpKernel<OpKind>;
  return kernel({ ...call, attributes: node.attributes } as OpCall<OpKind>);
}
