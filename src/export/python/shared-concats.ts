/** @file DenseNet's concatenations as its paper writes them: what a layer gives is what it was given and its own new channels (arXiv 1608.06993, equation 2). */
import type { Network, Node } from "../../network/network.ts";

/**
 * Returns the network with every concatenation that begins as an earlier one reading that one's result in place of its parts. Values are the same;
 * layers of a dense block are then wired alike, and can be written as one class.
 */
export function withSharedConcats(network: Network): Network {
  const concats = network.nodes.filter((node) => node.op === "concat");
  const shorter = (node: Node): Node | undefined =>
    concats
      .filter((other) => other.inputs.length > 1 && other.inputs.length < node.inputs.length)
      .filter((other) => isBeside(other.id, node.id) && other.inputs.every((id, index) => id === node.inputs[index]))
      .toSorted((a, b) => b.inputs.length - a.inputs.length)[0];
  const nodes = network.nodes.map((node) => {
    const part = node.op === "concat" ? shorter(node) : undefined;
    return part === undefined ? node : { ...node, inputs: [part.id, ...node.inputs.slice(part.inputs.length)] };
  });
  return { ...network, nodes };
}

/** Whether two nodes are of parts of one part, `block1/layer0/concat` and `block1/layer4/concat`: others need not be reached at all. */
function isBeside(a: string, b: string): boolean {
  const [left, right] = [a.split("/"), b.split("/")];
  return left.length > 1 && left.slice(0, -2).join("/") === right.slice(0, -2).join("/");
}
