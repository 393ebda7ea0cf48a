/** @file The memory that one image takes on its way through a network: an estimate that is the same on every machine, for constraints and comparisons. */
import { costOf, type NetworkCost } from "./cost.ts";
import { liveNodes } from "./live-nodes.ts";
import type { Network } from "./network.ts";
import { sizeOf } from "./ops/definition.ts";
import { topologicalOrder } from "./order.ts";

const BYTES = 4;

/**
 * Returns the bytes of a forward pass of one image in 32-bit floats: the weights, moving statistics included, and the most that is live
 * at once when nodes run in topological order, each output kept until its last reader has run. What the logits don't need (an auxiliary
 * head, a dead branch) doesn't count. An engine may need more (scratch) or less (steps fused, outputs written in place). `cost` is the
 * network's, where it is known. Linear in nodes and edges. Throws `shape`.
 */
export function forwardMemory(network: Network, cost: NetworkCost = costOf(network)): number {
  const run = liveNodes(topologicalOrder(network), [network.outputs.logits]);
  const needed = new Set(run.map(({ id }) => id));
  const lastReader = new Map(run.flatMap(({ inputs }, at) => inputs.map((input) => [input, at] as const)));

  const sizes = new Map(cost.nodes.map(({ id, shape }) => [id, sizeOf(shape)]));
  let live = 0;
  let peak = 0;
  for (const [at, { id, inputs }] of run.entries()) {
    live += sizes.get(id) ?? 0;
    peak = Math.max(peak, live);
    for (const input of new Set(inputs)) if (lastReader.get(input) === at) live -= sizes.get(input) ?? 0;
  }
  const weights = cost.nodes.reduce((sum, { id, total }) => sum + (needed.has(id) ? total : 0), 0);
  return BYTES * (weights + peak);
}
