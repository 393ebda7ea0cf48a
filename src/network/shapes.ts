/** @file Shape inference. */
import { CellwrightError } from "../base/errors.ts";
import type { Network, Shape } from "./network.ts";
import { placeOf, topologicalOrder } from "./order.ts";
import { shapeOf } from "./ops/table.ts";
import { checkNode } from "./validate-node.ts";

/**
 * Returns the output shape of every node by id, in topological order. Throws `shape`, naming the node, where a node is malformed or shapes don't
 * fit: sizes, weights and ids all start from here, so a network that a `decode` wrote by hand is refused as clearly as one from a file.
 */
export function inferShapes(network: Network): ReadonlyMap<string, Shape> {
  const problems = network.nodes.flatMap((node) => checkNode(node, placeOf(network, node)));
  if (problems.length > 0) throw new CellwrightError("shape", problems.join("\n"), { details: { problems } });
  const shapes = new Map<string, Shape>();
  for (const node of topologicalOrder(network)) {
    const inputs = node.inputs.map((id) => shapes.get(id) as Shape);
    shapes.set(node.id, shapeOf(node, inputs, placeOf(network, node)));
  }
  return shapes;
}
