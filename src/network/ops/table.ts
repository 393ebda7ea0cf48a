/** @file Every operation there is. A kind of `OpAttributes` without an entry here doesn't compile. */
import type { Node, OpKind, Shape } from "../network.ts";
import { activation } from "./activation.ts";
import { adaptiveAvgPool, adaptiveMaxPool } from "./adaptive-pooling.ts";
import { conv, depthwiseConv } from "./convolution.ts";
import { failShape, sizeOf, type OpDefinition, type WeightShape } from "./definition.ts";
import { dense, flatten } from "./dense.ts";
import { dropPath, dropout } from "./dropping.ts";
import { input } from "./input.ts";
import { localResponseNorm } from "./local-response.ts";
import { add, concat, multiply } from "./merge.ts";
import { batchNorm } from "./normalization.ts";
import { avgPool, globalAvgPool, maxPool } from "./pooling.ts";
import { channelShuffle, channelSlice } from "./shuffle.ts";
import { pad, slice, zero } from "./spatial.ts";

export const operations: { readonly [K in OpKind]: OpDefinition<K> } = {
  input,
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

/** Every kind of operation. */
export const opKinds = Object.keys(operations) as readonly OpKind[];

/** Returns the definition of a node's operation, fit for that node's attributes (the two belong together by `NodeOf`). */
function definitionOf(node: Node): OpDefinition<OpKind> {
  return operations[node.op] as unknown as OpDefinition<OpKind>;
}

/** Returns the shape a node gives. Throws `shape`, naming `place`, where its inputs don't fit or the tensor is too large to count. */
export function shapeOf(node: Node, inputs: readonly Shape[], place: string): Shape {
  const shape = definitionOf(node).shape(node.attributes as never, inputs, place);
  if (!Number.isSafeInteger(sizeOf(shape))) failShape(place, "a tensor of fewer than 2^53 numbers", shape);
  return shape;
}

/** Returns the weights a node holds. */
export function weightsOf(node: Node, inputs: readonly Shape[]): readonly WeightShape[] {
  return definitionOf(node).weights(node.attributes as never, inputs);
}

/** Returns a node's multiply-accumulates for one image. */
export function macsOf(node: Node, inputs: readonly Shape[], output: Shape): number {
  return definitionOf(node).macs(node.attributes as never, inputs, output);
}
