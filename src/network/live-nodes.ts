/** @file Which nodes have to run. What no output depends on is not run, not trained and does not decay; its weights stay as they are. */
import type { Node } from "./network.ts";

/** Returns the nodes that `outputs` depend on, in the order given, which must be topological. */
export function liveNodes(order: readonly Node[], outputs: readonly string[]): readonly Node[] {
  const live = new Set(outputs);
  for (const node of order.toReversed()) if (live.has(node.id)) for (const input of node.inputs) live.add(input);
  return order.filter((node) => live.has(node.id));
}
