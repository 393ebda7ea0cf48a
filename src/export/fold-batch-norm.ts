/**
 * @file Batch normalisation folded into what comes before it: at inference it is a product and a sum per channel, and so is part of a convolution or a dense
 * layer whose output nothing else reads (Jacob et al. 2018, arXiv 1712.05877, section 3.2). A network in, a network out: every exporter can take it.
 */
import type { Network, Node, NodeOf, Weights, WeightSpec } from "../network/network.ts";
import { weightSpecs } from "../network/weights.ts";
import { weightValues } from "./tensors.ts";

type Folding = NodeOf<"conv"> | NodeOf<"depthwiseConv"> | NodeOf<"dense">;

/**
 * Returns a network without the batch normalisations that could be folded, and its weights: the same logits at inference, up to rounding. The convolution keeps its
 * id and gets a bias. Those that follow something else stay. Not for training. Throws `data` for a missing or misshapen weight, `shape` for a malformed network.
 */
export function foldBatchNorm(
  network: Network,
  weights: Weights,
): { readonly network: Network; readonly weights: Weights } {
  const byId = new Map(network.nodes.map((node) => [node.id, node]));
  const specs = new Map(weightSpecs(network).map((spec) => [spec.name, spec]));
  const readers = readerCounts(network);
  const folded = new Map<string, Folding>();
  const nextWeights = new Map(weights);
  for (const norm of network.nodes) {
    if (norm.op !== "batchNorm") continue;
    const before = byId.get(norm.inputs[0] ?? "");
    if (before === undefined || !canFold(before) || readers.get(before.id) !== 1) continue;
    folded.set(norm.id, before);
    const values = (id: string, role: string): Float32Array =>
      weightValues(weights, specs.get(`${id}/${role}`) as WeightSpec);
    const kernel = values(before.id, "kernel");
    const bias = before.attributes.bias ? values(before.id, "bias") : undefined;
    const [gamma, beta, mean, variance] = ["gamma", "beta", "movingMean", "movingVariance"].map((role) =>
      values(norm.id, role),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const scale = Float64Array.from(
      gamma,
      (value, i) => value / Math.sqrt((variance[i] ?? 0) + norm.attributes.epsilon),
    );
    // Channels come last in every kernel.
    nextWeights.set(
      `${before.id}/kernel`,
      kernel.map((value, i) => value * (scale[i % scale.length] ?? 0)),
    );
    nextWeights.set(
      `${before.id}/bias`,
      beta.map((value, i) => value + ((bias?.[i] ?? 0) - (mean[i] ?? 0)) * (scale[i] ?? 0)),
    );
    for (const role of ["gamma", "beta", "movingMean", "movingVariance"]) nextWeights.delete(`${norm.id}/${role}`);
  }
  const biased = new Set([...folded.values()].map(({ id }) => id));
  const renamed = (id: string): string => folded.get(id)?.id ?? id;
  const nodes = network.nodes
    .filter(({ id }) => !folded.has(id))
    .map((node) => ({
      ...node,
      inputs: node.inputs.map(renamed),
      ...(biased.has(node.id) && { attributes: { ...node.attributes, bias: true } }),
    })) as readonly Node[];
  const { logits, auxiliary } = network.outputs;
  const outputs = { logits: renamed(logits), ...(auxiliary !== undefined && { auxiliary: renamed(auxiliary) }) };
  return { network: { ...network, nodes, outputs }, weights: nextWeights };
}

function canFold(node: Node): node is Folding {
  return node.op === "conv" || node.op === "depthwiseConv" || node.op === "dense";
}

/** How often each node is read, an output of the network being one reading. */
function readerCounts({ nodes, outputs }: Network): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const read = [
    ...nodes.flatMap(({ inputs }) => inputs),
    outputs.logits,
    ...(outputs.auxiliary === undefined ? [] : [outputs.auxiliary]),
  ];
  for (const id of read) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
