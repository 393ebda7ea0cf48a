/** @file A network without what none of its outputs depends on. */
import type { Network } from "../network/network.ts";

/** Returns the network of the nodes that an output depends on, and its image. Where that is all of them, the network itself. */
export function liveNetwork(network: Network): Network {
  const byId = new Map(network.nodes.map((node) => [node.id, node]));
  const live = new Set<string>();
  const open = Object.values(network.outputs);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (live.has(id)) continue;
    live.add(id);
    open.push(...(byId.get(id)?.inputs ?? []));
  }
  const nodes = network.nodes.filter((node) => live.has(node.id) || node.op === "input");
  return nodes.length === network.nodes.length ? network : { ...network, nodes };
}
