/** @file The size of a network: parameters and multiply-accumulates, per node and in all. */
import type { Network, Shape } from "./network.ts";
import { sizeOf } from "./ops/definition.ts";
import { macsOf, weightsOf } from "./ops/table.ts";
import { topologicalOrder } from "./order.ts";
import { inferShapes } from "./shapes.ts";

/** What a network, or a part of it, costs. */
export interface Cost {
  /** Trainable parameters. */
  readonly params: number;
  /** Parameters and the moving statistics of batch norm. */
  readonly total: number;
  /** Multiply-accumulates of convolutions and dense layers for one image; batch norm, pools, activations and sums are not counted. */
  readonly macs: number;
}

/** The cost of one node. */
export interface NodeCost extends Cost {
  readonly id: string;
  /** Of its output. */
  readonly shape: Shape;
}

/** The cost of a network and of each of its nodes. */
export interface NetworkCost extends Cost {
  /** In topological order. */
  readonly nodes: readonly NodeCost[];
}

/** Adds costs up. */
export function sumCosts(costs: Iterable<Cost>): Cost {
  let params = 0;
  let total = 0;
  let macs = 0;
  for (const cost of costs) {
    params += cost.params;
    total += cost.total;
    macs += cost.macs;
  }
  return { params, total, macs };
}

/** Returns what the network costs as written: dead branches count, and so does an auxiliary head. Linear in nodes. Throws `shape`. */
export function costOf(network: Network): NetworkCost {
  const shapes = inferShapes(network);
  const nodes = topologicalOrder(network).map((node): NodeCost => {
    const inputs = node.inputs.map((id) => shapes.get(id) as Shape);
    const shape = shapes.get(node.id) as Shape;
    let params = 0;
    let total = 0;
    for (const weight of weightsOf(node, inputs)) {
      const size = sizeOf(weight.shape);
      total += size;
      if (weight.trainable) params += size;
    }
    return { id: node.id, shape, params, total, macs: macsOf(node, inputs, shape) };
  });
  return { ...sumCosts(nodes), nodes };
}
