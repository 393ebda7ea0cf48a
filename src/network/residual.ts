/** @file The residual branches of a network, told from its graph alone: what is added to a shortcut past it. */
import type { Network, Node } from "./network.ts";
import { topologicalOrder } from "./order.ts";

/**
 * Returns the names of the gammas that end residual branches, in the order of the nodes: of a sum of two, the batch norm of that term which has
 * more convolutions behind the node where both terms part. A term may pass a drop path, or an attention that scales it, after its batch norm.
 * Sums of equal depth (NASNet's pairs) and of more than two terms have no branch to tell. Quadratic in the depth of a branch.
 */
export function residualGammas(network: Network): readonly string[] {
  const order = topologicalOrder(network);
  const byId = new Map(order.map((node) => [node.id, node]));
  const place = new Map(order.map(({ id }, at) => [id, at]));
  const isConvolution = ({ op }: Node): boolean => op === "conv" || op === "depthwiseConv";

  /** The last batch norm of a term, or undefined where something else ends it. */
  const normOf = (id: string): Node | undefined => {
    const node = byId.get(id);
    if (node?.op === "batchNorm") return node;
    return node?.op === "dropPath" || node?.op === "multiply" ? normOf(node.inputs[0] ?? "") : undefined;
  };
  /** Most convolutions from a node back to `fork`; -1 where no way leads there. */
  const depthFrom = (fork: string): ((id: string) => number) => {
    const known = new Map<string, number>([[fork, 0]]);
    const from = (place.get(fork) ?? 0) as number;
    const depth = (id: string): number => {
      const found = known.get(id);
      if (found !== undefined) return found;
      const node = byId.get(id);
      let most = -1;
      if (node !== undefined && (place.get(id) ?? 0) > from)
        for (const input of node.inputs) {
          const before = depth(input);
          if (before >= 0) most = Math.max(most, before + (isConvolution(node) ? 1 : 0));
        }
      known.set(id, most);
      return most;
    };
    return depth;
  };
  const ancestors = (id: string): Set<string> => {
    const found = new Set<string>([id]);
    for (const each of found) for (const input of byId.get(each)?.inputs ?? []) found.add(input);
    return found;
  };

  return order.flatMap((node) => {
    const [left, right] = node.inputs;
    if (node.op !== "add" || node.inputs.length !== 2 || left === undefined || right === undefined) return [];
    const behindLeft = ancestors(left);
    const shared = [...ancestors(right)].filter((id) => behindLeft.has(id));
    const fork = shared.reduce<string | undefined>(
      (last, id) => (last === undefined || (place.get(id) ?? 0) > (place.get(last) ?? 0) ? id : last),
      undefined,
    );
    if (fork === undefined) return [];
    const depth = depthFrom(fork);
    const [a, b] = [depth(left), depth(right)];
    const norm = a === b ? undefined : normOf(a > b ? left : right);
    return norm?.op === "batchNorm" && norm.attributes.affine !== false ? [`${norm.id}/gamma`] : [];
  });
}
