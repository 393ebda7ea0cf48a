/** @file What an operation of the tfjs engine is: a function of tensors that TensorFlow.js can differentiate. */
import type { Tensor, Tensor2D, Tensor4D } from "@tensorflow/tfjs";
import type { OpAttributes, OpKind, WeightRole } from "../../network/network.ts";
import type { Tf } from "./load.ts";

/** Everything that all operations of one pass share. */
export interface PassContext {
  readonly tf: Tf;
  /** Whether the backend has a kernel of this name (TensorFlow.js's own names) that gives right numbers. */
  readonly hasKernel: (name: string) => boolean;
  /** Absent in inference: moving statistics, no masks. */
  readonly training?: {
    readonly seed: number;
    readonly step: number;
    readonly dropPathRate: number;
    /** Takes a node's batch statistics; the tensors are kept, whoever reads them disposes of them. */
    readonly statistics: (nodeId: string, mean: Tensor, variance: Tensor) => void;
  };
}

export interface OpCall<K extends OpKind> extends PassContext {
  readonly nodeId: string;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Tensor[];
  readonly weights: Readonly<Partial<Record<WeightRole, Tensor>>>;
}

export type TfjsOp<K extends OpKind> = (call: OpCall<K>) => Tensor;

/** Returns an input that shape inference says is an image, `[n, h, w, c]`. */
export function imageOf(call: { readonly inputs: readonly Tensor[] }): Tensor4D {
  return call.inputs[0] as Tensor4D;
}

/** Returns an input that shape inference says is a vector, `[n, c]`. */
export function vectorOf(call: { readonly inputs: readonly Tensor[] }): Tensor2D {
  return call.inputs[0] as Tensor2D;
}

/** Returns a weight that the node has. */
export function weightOf(
  call: { readonly weights: Readonly<Partial<Record<WeightRole, Tensor>>> },
  role: WeightRole,
): Tensor {
  return call.weights[role] as Tensor;
}
