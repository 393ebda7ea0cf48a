/** @file What an operation of the reference engine is: a forward pass that returns its output and its own backward pass. */
import type { OpAttributes, OpKind, WeightRole } from "../../network/network.ts";
import type { Tensor } from "./tensor.ts";

/** Weights or gradients of one node, by role. */
export type NodeWeights = Readonly<Partial<Record<WeightRole, Float64Array>>>;

export interface OpCall<K extends OpKind> {
  readonly nodeId: string;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Tensor[];
  readonly weights: NodeWeights;
  /** Absent in inference: moving statistics, no masks. */
  readonly training?: { readonly seed: number; readonly step: number; readonly dropPathRate: number };
}

export interface Gradients {
  /** Of each input, in order. */
  readonly inputs: readonly Float64Array[];
  readonly weights?: NodeWeights;
}

export interface OpResult {
  readonly output: Tensor;
  /** Takes the gradient of the loss by the output, gives those by the inputs and weights. */
  backward(gradient: Float64Array): Gradients;
  /** New moving statistics, where training changes them. */
  readonly moved?: NodeWeights;
}

export type OpKernel<K extends OpKind> = (call: OpCall<K>) => OpResult;

/** Returns the only or `index`-th input. The graph was validated: it is there. */
export function inputOf(call: { readonly inputs: readonly Tensor[] }, index = 0): Tensor {
  return call.inputs[index] as Tensor;
}

/** Returns the weights of a role that the node has. */
export function weightOf(call: { readonly weights: NodeWeights }, role: WeightRole): Float64Array {
  return call.weights[role] as Float64Array;
}
