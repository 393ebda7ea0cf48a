/** @file Shape inference. */
import type { Network, Shape } from "./network.ts";
import { placeOf, topologicalOrder } from "./order.ts";
import { shapeOf } from "./ops/table.ts";

/** Returns the output shape of every node by id, in topological order. Throws `shape`, naming the node, where shapes don't fit. */
export function inferShapes(network: Network): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const node of topologicalOrder(network)) {
    const inputs = node.inputs.map((id) => shapes.get(id) as Shape);
    shapes.set(node.id, shapeOf(node, inputs, placeOf(network, node)));
  }
  return shapes;
}
