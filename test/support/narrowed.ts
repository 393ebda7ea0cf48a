/** @file A network with fewer channels and the same wiring, so that engines can be compared on it in little time. */
import type { Network } from "../../src/network/index.ts";

/** Divides filters and units, rounding up, of all but the nodes that give the logits or are named in `kept`. No grouped convolutions. */
export function narrowed(network: Network, divisor: number, kept: readonly string[] = []): Network {
  const { logits, auxiliary } = network.outputs;
  const isKept = (id: string): boolean => id === logits || id === auxiliary || kept.includes(id);
  const narrow = (count: number): number => Math.ceil(count / divisor);
  return {
    ...network,
    nodes: network.nodes.map((node) => {
      if (isKept(node.id)) return node;
      if (node.op === "conv")
        return { ...node, attributes: { ...node.attributes, filters: narrow(node.attributes.filters) } };
      if (node.op === "dense")
        return { ...node, attributes: { ...node.attributes, units: narrow(node.attributes.units) } };
      return node;
    }),
  };
}
