/** @file The weights a network holds, by name. */
import type { Network, Shape, WeightSpec } from "./network.ts";
import { topologicalOrder } from "./order.ts";
import { weightsOf } from "./ops/table.ts";
import { inferShapes } from "./shapes.ts";

/** Returns every weight of the network, nodes in topological order, each node's kernel (or gamma) first. */
export function weightSpecs(network: Network): readonly WeightSpec[] {
  const shapes = inferShapes(network);
  return topologicalOrder(network).flatMap((node) => {
    const inputs = node.inputs.map((id) => shapes.get(id) as Shape);
    return weightsOf(node, inputs).map((weight) => ({ ...weight, name: `${node.id}/${weight.role}`, node: node.id }));
  });
}
