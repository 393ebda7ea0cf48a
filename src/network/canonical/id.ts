/** @file The canonical id of a network: equal for networks that compute the same function (law 5). */
import { sha256Hex } from "../../base/hash.ts";
import type { Network } from "../network.ts";
import { canonicalOrder } from "./ordering.ts";
import { reduceNetwork } from "./reduce.ts";

/**
 * Returns 32 hex digits that depend on what the network computes and not on how it is written: names, the order of nodes, the
 * order of a sum's inputs and branches that no output needs make no difference (`reduce.ts` says what else). Weights are not part of a network, so
 * two networks of one id are the same family of functions; trained, they differ as two seeds do. The name of the network is left out.
 *
 * The network itself is left as written. Takes a few milliseconds for 400 nodes. Throws `shape` for a malformed network.
 */
export function canonicalId(network: Network): string {
  const graph = reduceNetwork(network);
  const order = canonicalOrder(graph);
  const position = new Map(order.map((node, index) => [node, index]));
  const lines = order.map((node) => {
    const inputs = (graph.inputs[node] ?? []).map((input) => position.get(input) as number);
    if (graph.unordered[node]) inputs.sort((a, b) => a - b);
    return `${graph.labels[node]}(${inputs.join()})`;
  });
  return sha256Hex(lines.join("\n")).slice(0, 32);
}
