/** @file The weights a network holds, by name. */
import type { Network, Shape, WeightSpec } from "./network.ts";
import { topologicalOrder } from "./order.ts";
import { weightsOf } from "./ops/table.ts";
import { inferShapes } from "./shapes.ts";

/** Returns every weight of the network, nodes in topological order, each node's kernel (or gamma) first. `shapes` are the network's, where they are known. */
export function weightSpecs(
  network: Network,
  shapes: ReadonlyMap<string, Shape> = inferShapes(network),
): readonly WeightSpec[] {
  return topologicalOrder(network).flatMap((node) => {
    const inputs = node.inputs.map((id) => shapes.get(id) as Shape);
    return weightsOf(node, inputs).map((weight) => ({ ...weight, name: `${node.id}/${weight.role}`, node: node.id }));
  });
}
