/** @file A whole network, forward and backward: node by node in topological order, and the same way back. All in double precision. */
import type { Network, Node, OpKind, WeightRole, WeightSpec } from "../../network/network.ts";
import type { LossOptions } from "../engine.ts";
import { liveNodes } from "../../network/live-nodes.ts";
import type { NodeWeights, OpCall, OpResult } from "./kernel.ts";
import { crossEntropy, type Answers } from "./loss.ts";
import { runNode } from "./table.ts";
import { sizeOf, type Tensor } from "./tensor.ts";

/** Values by weight name. */
export type DoubleWeights = ReadonlyMap<string, Float64Array>;

/** A network made ready to run. */
export interface Graph {
  readonly network: Network;
  /** Topological order. */
  readonly order: readonly Node[];
  readonly specs: readonly WeightSpec[];
}

export type Training = NonNullable<OpCall<OpKind>["training"]>;

export interface ForwardPass {
  readonly nodes: readonly Node[];
  readonly results: ReadonlyMap<string, OpResult>;
  /** New moving statistics by weight name; empty in inference. */
  readonly moved: DoubleWeights;
  logits(): Tensor;
  auxiliaryLogits(): Tensor | undefined;
}

/** Runs the network on `images`, row-major `[n, h, w, c]`. Without `training` it infers: moving statistics, no masks, no auxiliary head. */
export function forward(graph: Graph, weights: DoubleWeights, images: Float64Array, training?: Training): ForwardPass {
  const { logits, auxiliary } = graph.network.outputs;
  const nodes = liveNodes(graph.order, training && auxiliary !== undefined ? [logits, auxiliary] : [logits]);
  const results = new Map<string, OpResult>();
  const moved = new Map<string, Float64Array>();
  const outputOf = (id: string): Tensor => (results.get(id) as OpResult).output;
  for (const node of nodes) {
    const result =
      node.op === "input"
        ? imagesAsResult(node.attributes.shape, images)
        : runNode(node, {
            nodeId: node.id,
            inputs: node.inputs.map(outputOf),
            weights: weightsOf(graph.specs, node.id, weights),
            ...(training ? { training } : {}),
          });
    results.set(node.id, result);
    for (const [role, values] of Object.entries(result.moved ?? {})) moved.set(`${node.id}/${role}`, values);
  }
  return {
    nodes,
    results,
    moved,
    logits: () => outputOf(logits),
    auxiliaryLogits: () => (training && auxiliary !== undefined ? outputOf(auxiliary) : undefined),
  };
}

function imagesAsResult(shape: readonly number[], images: Float64Array): OpResult {
  const n = images.length / sizeOf(shape);
  return { output: { shape: [n, ...shape], data: images }, backward: () => ({ inputs: [] }) };
}

function weightsOf(specs: readonly WeightSpec[], nodeId: string, weights: DoubleWeights): NodeWeights {
  const own: Partial<Record<WeightRole, Float64Array>> = {};
  for (const spec of specs) if (spec.node === nodeId) own[spec.role] = weights.get(spec.name) as Float64Array;
  return own;
}

export interface BackwardPass {
  /** By weight name; trainable weights alone. Zeros where the loss does not depend on it. */
  readonly weights: DoubleWeights;
  /** By the images. Shape `[n, h, w, c]`. */
  readonly images: Float64Array;
}

/** Carries gradients of the loss from the given nodes' outputs back to all weights and the images. */
export function backward(graph: Graph, pass: ForwardPass, seeds: ReadonlyMap<string, Float64Array>): BackwardPass {
  const byNode = new Map<string, Float64Array>();
  const accumulate = (id: string, gradient: Float64Array): void => {
    const sum = byNode.get(id);
    if (sum === undefined) byNode.set(id, gradient.slice());
    else for (const [i, g] of gradient.entries()) sum[i] = (sum[i] as number) + g;
  };
  for (const [id, gradient] of seeds) accumulate(id, gradient);
  const weights = new Map<string, Float64Array>();
  for (const spec of graph.specs) if (spec.trainable) weights.set(spec.name, new Float64Array(sizeOf(spec.shape)));
  let images = new Float64Array();
  for (const node of pass.nodes.toReversed()) {
    const result = pass.results.get(node.id) as OpResult;
    const gradient = byNode.get(node.id) ?? new Float64Array(result.output.data.length);
    if (node.op === "input") images = gradient.slice();
    const given = result.backward(gradient);
    for (const [k, inputGradient] of given.inputs.entries()) accumulate(node.inputs[k] as string, inputGradient);
    for (const [role, values] of Object.entries(given.weights ?? {}))
      if (weights.has(`${node.id}/${role}`)) weights.set(`${node.id}/${role}`, values);
  }
  return { weights, images };
}

export interface LossAndGradients extends BackwardPass {
  readonly loss: number;
  readonly pass: ForwardPass;
}

/** Runs a training step's forward and backward pass: the loss with the auxiliary head's share, and its gradients. */
export function lossAndGradients(
  graph: Graph,
  weights: DoubleWeights,
  images: Float64Array,
  answers: Answers,
  options: { readonly loss: LossOptions; readonly training: Training },
): LossAndGradients {
  const { labelSmoothing, auxiliaryWeight } = options.loss;
  const pass = forward(graph, weights, images, options.training);
  const main = crossEntropy(pass.logits(), answers, labelSmoothing);
  const seeds = new Map([[graph.network.outputs.logits, main.gradient]]);
  let { loss } = main;
  const auxiliaryLogits = pass.auxiliaryLogits();
  const { auxiliary } = graph.network.outputs;
  if (auxiliaryLogits && auxiliary !== undefined) {
    const extra = crossEntropy(auxiliaryLogits, answers, labelSmoothing);
    loss += auxiliaryWeight * extra.loss;
    const scaled = extra.gradient.map((g) => auxiliaryWeight * g);
    // Both heads may be one node: then its gradient is the sum.
    const main = seeds.get(auxiliary);
    seeds.set(auxiliary, main ? main.map((g, i) => g + (scaled[i] as number)) : scaled);
  }
  return { loss, pass, ...backward(graph, pass, seeds) };
}
