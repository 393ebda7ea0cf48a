/** @file What both forms of a TensorFlow.js model are made from: the nodes that inference needs, in order, with their shapes and weights. */
import { liveNodes } from "../../network/live-nodes.ts";
import type { Network, Node, Shape, WeightRole, Weights, WeightSpec } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { weightValues } from "../tensors.ts";

/** A weight with its values. */
export interface HeldWeight {
  readonly spec: WeightSpec;
  readonly data: Float32Array;
}

/** A network made ready to be written. */
export interface TfjsSubject {
  readonly network: Network;
  /** In order; what only training needs (an auxiliary head) is left out. */
  readonly nodes: readonly Node[];
  readonly shapeOf: (id: string) => Shape;
  /** Undefined where the node has none of that role. */
  readonly weightOf: (node: Node, role: WeightRole) => HeldWeight | undefined;
}

/** Throws `data`, naming the weight, where one is missing or has another length than its shape; `shape` for a malformed network. */
export function tfjsSubject(network: Network, weights: Weights): TfjsSubject {
  const shapes = inferShapes(network);
  const order = topologicalOrder(network);
  const live = new Set(liveNodes(order, [network.outputs.logits]).map(({ id }) => id));
  // The image is there even where the logits do not depend on it.
  const nodes = order.filter((node) => live.has(node.id) || node.op === "input");
  const held = new Map<string, HeldWeight>();
  for (const spec of weightSpecs(network, shapes)) {
    if (!live.has(spec.node)) continue;
    held.set(spec.name, { spec, data: weightValues(weights, spec) });
  }
  return {
    network,
    nodes,
    shapeOf: (id) => shapes.get(id) as Shape,
    weightOf: (node, role) => held.get(`${node.id}/${role}`),
  };
}
