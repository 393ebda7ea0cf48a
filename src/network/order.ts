/** @file The order to compute a network in, and the errors of graphs that have none. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network, Node } from "./network.ts";

/** Returns the place of a node for an error message. */
export function placeOf(
  network: { readonly name: string },
  node: { readonly id: string; readonly op: string },
): string {
  return `${network.name}: ${node.id} (${node.op})`;
}

/** Whether the nodes are written in an order to compute them in, no two of one id: true of all that a builder makes. */
function isInOrder({ nodes }: Network): boolean {
  const seen = new Set<string>();
  let isPastInputs = false;
  for (const { id, op, inputs } of nodes) {
    if (op !== "input") isPastInputs = true;
    else if (isPastInputs) return false;
    if (seen.has(id)) return false;
    for (const input of inputs) if (!seen.has(input)) return false;
    seen.add(id);
  }
  return true;
}

/**
 * Returns every node once, each after its inputs, the `input` node first, and otherwise as close to the written order as that allows.
 * Takes time linear in nodes and edges. Throws `shape` for duplicate ids, unknown inputs and cycles.
 */
export function topologicalOrder(network: Network): readonly Node[] {
  if (isInOrder(network)) return network.nodes;
  const byId = new Map<string, Node>();
  for (const node of network.nodes) {
    if (byId.has(node.id)) throw new CellwrightError("shape", expected(network.name, "ids that differ", node.id));
    byId.set(node.id, node);
  }
  const order: Node[] = [];
  const state = new Map<string, "open" | "done">();
  const sources = network.nodes.filter((node) => node.op === "input");
  // Depth first over an explicit stack: a chain of thousands of nodes must not exhaust the call stack.
  for (const root of [...sources, ...network.nodes]) {
    if (state.has(root.id)) continue;
    const stack: { readonly node: Node; next: number }[] = [{ node: root, next: 0 }];
    state.set(root.id, "open");
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { readonly node: Node; next: number };
      const inputId = top.node.inputs[top.next++];
      if (inputId === undefined) {
        state.set(top.node.id, "done");
        order.push(top.node);
        stack.pop();
        continue;
      }
      const input = byId.get(inputId);
      if (input === undefined) {
        throw new CellwrightError("shape", expected(placeOf(network, top.node), "an input that exists", inputId));
      }
      if (state.get(inputId) === "open") {
        const from = stack.findIndex(({ node }) => node.id === inputId);
        const cycle = [...stack.slice(from).map(({ node }) => node.id), inputId].reverse().join(" -> ");
        throw new CellwrightError("shape", expected(placeOf(network, top.node), "a graph without cycles", cycle));
      }
      if (!state.has(inputId)) {
        state.set(inputId, "open");
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}
