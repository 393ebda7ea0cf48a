/** @file A network without what none of its outputs depends on. */
import { liveNodes } from "../network/live-nodes.ts";
import type { Network } from "../network/network.ts";
import { topologicalOrder } from "../network/order.ts";

/** Returns the network of the nodes that an output depends on, and its image. Where that is all of them, the network itself. */
export function liveNetwork(network: Network): Network {
  const live = new Set(liveNodes(topologicalOrder(network), Object.values(network.outputs)).map(({ id }) => id));
  const nodes = network.nodes.filter((node) => live.has(node.id) || node.op === "input");
  return nodes.length === network.nodes.length ? network : { ...network, nodes };
}
