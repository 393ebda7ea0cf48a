/**
 * @file Which 1x1 convolutions read the same tensor in the same way, so that one operation can serve them all: a cell's projections of its inputs,
 * each behind an activation node of its own.
 */
import type { Node, NodeOf } from "../../../network/network.ts";

/** Kinds after which only a batch norm follows: one operation makes the sums of all or of none. */
function isCandidate(node: Node, consumer: Node | undefined): node is NodeOf<"conv"> {
  if (node.op !== "conv" || consumer?.op !== "batchNorm") return false;
  const { kernel, stride, groups, bias, padding } = node.attributes;
  const [one, still] = [kernel, stride].map(([a, b]) => a === 1 && b === 1);
  return Boolean(one && still) && groups === 1 && !bias && typeof padding === "string";
}

/** Returns, by convolution, all that share its operation, in order; itself among them. Convolutions on their own are left out. */
export function findSiblings(
  order: readonly Node[],
  consumers: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly NodeOf<"conv">[]> {
  const byId = new Map(order.map((node) => [node.id, node]));
  const readers = new Map(order.flatMap((node) => node.inputs.map((input) => [input, node] as const)));
  const groups = new Map<string, NodeOf<"conv">[]>();
  for (const node of order) {
    if (consumers.get(node.id) !== 1 || !isCandidate(node, readers.get(node.id))) continue;
    const [id] = node.inputs as readonly [string];
    const input = byId.get(id);
    // A depthwise convolution is fused with its 1x1 convolution instead; an image is read as patches.
    if (!input || input.op === "depthwiseConv" || input.op === "input") continue;
    const key = input.op === "activation" ? `${input.attributes.fn} of ${input.inputs[0]}` : id;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const siblings = new Map<string, readonly NodeOf<"conv">[]>();
  for (const group of groups.values()) if (group.length > 1) for (const node of group) siblings.set(node.id, group);
  return siblings;
}
