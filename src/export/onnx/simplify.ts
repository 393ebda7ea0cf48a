/** @file The part of a network that inference needs: what only the auxiliary head or nothing reads is left out, dropping passes its input on, and nothing adds zeros. */
import type { Network, Node } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";

/** What is left of a network. */
export interface InferenceGraph {
  /** In topological order, each reading nodes that are here. */
  readonly nodes: readonly Node[];
  /** Id of the node that gives the logits. */
  readonly logits: string;
}

/** Returns what the logits are computed from. Throws `shape` for a malformed network. */
export function inferenceGraph(network: Network): InferenceGraph {
  /** Nodes that give what another gives. */
  const same = new Map<string, string>();
  const resolved = (id: string): string => same.get(id) ?? id;
  const zeros = new Set<string>();
  const kept = new Map<string, Node>();
  for (const node of topologicalOrder(network)) {
    const inputs = node.inputs.map(resolved);
    if (node.op === "dropout" || node.op === "dropPath") {
      same.set(node.id, inputs[0] ?? "");
      continue;
    }
    if (node.op === "zero") zeros.add(node.id);
    if (node.op === "add") {
      const terms = inputs.filter((id) => !zeros.has(id));
      if (terms.length < 2) {
        // The sum of zeros alone is the first of them.
        same.set(node.id, terms[0] ?? inputs[0] ?? "");
        continue;
      }
      kept.set(node.id, { ...node, inputs: terms });
      continue;
    }
    kept.set(node.id, { ...node, inputs });
  }
  const logits = resolved(network.outputs.logits);
  const needed = new Set<string>();
  const open = [logits];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    // Zeros have a shape of their own: they need no input.
    const node = kept.get(id);
    if (node !== undefined && node.op !== "zero") open.push(...node.inputs);
  }
  // The image is what is called with, needed or not.
  return { nodes: [...kept.values()].filter(({ id, op }) => needed.has(id) || op === "input"), logits };
}
