/** @file Weights in torch's layouts, under the names of the module tree. */
import type { Network, Weights, WeightRole, WeightSpec } from "../../network/network.ts";
import { weightSpecs } from "../../network/weights.ts";
import type { SafetensorsTensor } from "../safetensors.ts";
import { modulePaths } from "../python/paths.ts";
import type { Group } from "../python/tree.ts";
import { transposed, weightValues } from "../tensors.ts";
import { torch } from "./framework.ts";

/** What torch calls the tensors of a module. */
export const torchRoleNames: Readonly<Record<WeightRole, string>> = {
  kernel: "weight",
  bias: "bias",
  gamma: "weight",
  beta: "bias",
  movingMean: "running_mean",
  movingVariance: "running_var",
};

/** A gamma and a beta that nothing trains are one and zero, and torch has none then. */
function isInTorch({ role, trainable }: WeightSpec): boolean {
  return trainable || (role !== "gamma" && role !== "beta");
}

/** Returns the state dict. Throws `data`, naming the weight, where one is missing or has another length than its shape. */
export function stateDict(network: Network, weights: Weights, root: Group): ReadonlyMap<string, SafetensorsTensor> {
  const paths = modulePaths(root, torch.reserved);
  const kinds = new Map(network.nodes.map((node) => [node.id, node.op]));
  return new Map(
    weightSpecs(network)
      .filter(isInTorch)
      .map((spec) => {
        const name = `${paths.get(spec.node)}.${torchRoleNames[spec.role]}`;
        return [name, torchTensor(kinds.get(spec.node), spec, weightValues(weights, spec))];
      }),
  );
}

/** Returns a weight in torch's layout. `op` is the node's. */
export function torchTensor(op: string | undefined, spec: WeightSpec, data: Float32Array): SafetensorsTensor {
  if (spec.role !== "kernel") return { shape: spec.shape, data };
  const [a = 1, b = 1, c = 1, d = 1] = spec.shape;
  switch (op) {
    case "conv": // [kh, kw, in / groups, filters] to [filters, in / groups, kh, kw]
      return { shape: [d, c, a, b], data: transposed(data, [a, b, c, d], [3, 2, 0, 1]) };
    case "depthwiseConv": // [kh, kw, c] to [c, 1, kh, kw]
      return { shape: [c, 1, a, b], data: transposed(data, [a, b, c, 1], [2, 3, 0, 1]) };
    default: // dense: [in, units] to [units, in]
      return { shape: [b, a], data: transposed(data, [a, b, 1, 1], [1, 0, 2, 3]) };
  }
}
