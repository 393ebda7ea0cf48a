/** @file Weights in Keras's layouts, under the attributes that hold them: `cell0.block1.left.depthwise.kernel`. */
import type { Network, Node, Shape, Weights, WeightRole, WeightSpec } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { moduleOf } from "../python/framework.ts";
import { modulePaths } from "../python/paths.ts";
import type { Group } from "../python/tree.ts";
import type { Value } from "../python/values.ts";
import type { SafetensorsTensor } from "../safetensors.ts";
import { weightValues } from "../tensors.ts";
import { keras } from "./framework.ts";

const ROLE_NAMES: Readonly<Record<WeightRole, string>> = {
  kernel: "kernel",
  bias: "bias",
  gamma: "gamma",
  beta: "beta",
  movingMean: "moving_mean",
  movingVariance: "moving_variance",
};

/** A gamma and a beta that nothing trains are one and zero, and Keras has none then. */
function isInKeras({ role, trainable }: WeightSpec): boolean {
  return trainable || (role !== "gamma" && role !== "beta");
}

/** Returns every weight by its path. Throws `data`, naming the weight, where one is missing or has another length than its shape. */
export function weightArrays(network: Network, weights: Weights, root: Group): ReadonlyMap<string, SafetensorsTensor> {
  const paths = modulePaths(root, keras.reserved);
  const shapes = inferShapes(network);
  const nodes = new Map(network.nodes.map((node) => [node.id, node]));
  return new Map(
    weightSpecs(network)
      .filter(isInKeras)
      .map((spec) => {
        const node = nodes.get(spec.node) as Node;
        const inputs = node.inputs.map((id) => shapes.get(id) as Shape);
        const name = `${paths.get(spec.node)}${withinLayer(moduleOf(keras, node, inputs))}.${ROLE_NAMES[spec.role]}`;
        // [kh, kw, c] to [kh, kw, c, 1]; every other layout is Keras's own.
        const shape = node.op === "depthwiseConv" && spec.role === "kernel" ? [...spec.shape, 1] : spec.shape;
        return [name, { shape, data: weightValues(weights, spec) }];
      }),
  );
}

/** Path from what a node is made into to the layer that has the weights: `.layer` for each layer around it. */
function withinLayer(value: Value | undefined): string {
  const inner = value?.kind === "make" ? value.args.get("layer") : undefined;
  return inner === undefined ? "" : `.layer${withinLayer(inner)}`;
}
