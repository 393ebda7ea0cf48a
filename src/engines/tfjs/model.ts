/** @file A network as TensorFlow.js computes it: forward, loss, gradients. */
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs";
import type { Network, Node, WeightRole, WeightSpec } from "../../network/network.ts";
import type { Batch, LossOptions } from "../engine.ts";
import { liveNodes } from "../../network/live-nodes.ts";
import type { LoadedTfjs, Tf } from "./load.ts";
import type { PassContext } from "./op.ts";
import { runNode } from "./table.ts";

/** Kernels that give wrong numbers: WebAssembly's gradient of a max pool loses windows whose maximum is negative. */
const wrongKernels: ReadonlySet<string> = new Set(["wasm/MaxPoolGrad"]);

/** A network made ready to run. */
export interface Model {
  readonly loaded: LoadedTfjs;
  readonly network: Network;
  /** Nodes in order that the logits depend on. */
  readonly inference: readonly Node[];
  /** Nodes in order that the logits or the auxiliary logits depend on. */
  readonly training: readonly Node[];
  readonly rolesOf: ReadonlyMap<string, readonly WeightSpec[]>;
  readonly classes: number;
}

export function makeModel(
  loaded: LoadedTfjs,
  network: Network,
  order: readonly Node[],
  specs: readonly WeightSpec[],
  classes: number,
): Model {
  const { logits } = network.outputs;
  const rolesOf = new Map<string, WeightSpec[]>();
  for (const spec of specs) rolesOf.set(spec.node, [...(rolesOf.get(spec.node) ?? []), spec]);
  return {
    loaded,
    network,
    inference: liveNodes(order, [logits]),
    training: liveNodes(order, Object.values(network.outputs)),
    rolesOf,
    classes,
  };
}

export type WeightTensors = ReadonlyMap<string, Tensor>;

interface Outputs {
  readonly logits: Tensor2D;
  readonly auxiliary: Tensor2D | undefined;
}

/** Runs the network on `images` `[n, h, w, c]`. Without `training` it infers. */
export function run(model: Model, weights: WeightTensors, images: Tensor, training?: PassContext["training"]): Outputs {
  const { tf, tfName } = model.loaded;
  const context: PassContext = {
    tf,
    hasKernel: (name) => tf.getKernel(name, tfName) !== undefined && !wrongKernels.has(`${tfName}/${name}`),
    ...(training ? { training } : {}),
  };
  const outputs = new Map<string, Tensor>();
  for (const node of training ? model.training : model.inference) {
    if (node.op === "input") {
      outputs.set(node.id, images);
      continue;
    }
    const own: Partial<Record<WeightRole, Tensor>> = {};
    for (const spec of model.rolesOf.get(node.id) ?? []) own[spec.role] = weights.get(spec.name) as Tensor;
    const inputs = node.inputs.map((id) => outputs.get(id) as Tensor);
    outputs.set(node.id, runNode(node, { ...context, nodeId: node.id, inputs, weights: own }));
  }
  const { logits, auxiliary } = model.network.outputs;
  return {
    logits: outputs.get(logits) as Tensor2D,
    auxiliary: training && auxiliary !== undefined ? (outputs.get(auxiliary) as Tensor2D) : undefined,
  };
}

/** Returns the mean cross-entropy against smoothed labels, a scalar. */
export function crossEntropy(tf: Tf, logits: Tensor2D, targets: Tensor2D): Tensor {
  return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)));
}

/** Returns targets y * (1 - s) + s / classes, with y of the labels or the batch's own. Shape `[n, classes]`. */
export function targetsOf(tf: Tf, batch: Batch, classes: number, smoothing: number): Tensor2D {
  const { labels } = batch;
  const low = smoothing / classes;
  const targets =
    batch.targets?.map((target) => target * (1 - smoothing) + low) ??
    new Float32Array(labels.length * classes).fill(low);
  if (!batch.targets) for (const [i, label] of labels.entries()) targets[i * classes + label] = 1 - smoothing + low;
  return tf.tensor2d(targets, [labels.length, classes]);
}

export interface LossAndGradients {
  readonly loss: Tensor;
  /** By name of trainable weight. A weight that the loss does not depend on is missing. */
  readonly gradients: WeightTensors;
  /** These outlive tidying; whoever asked disposes of them. */
  readonly logits: Tensor2D;
  readonly statistics: ReadonlyMap<string, { readonly mean: Tensor1D; readonly variance: Tensor1D }>;
}

export interface LossCall {
  readonly batch: Batch;
  /** Names of the weights to differentiate by. */
  readonly names: readonly string[];
  readonly loss: LossOptions;
  readonly training: Omit<NonNullable<PassContext["training"]>, "statistics">;
}

/** Runs a training step's forward and backward pass. Call it in `tf.tidy`. */
export function lossAndGradients(model: Model, weights: WeightTensors, call: LossCall): LossAndGradients {
  const { tf } = model.loaded;
  const { batch, names, loss, training } = call;
  const statistics = new Map<string, { mean: Tensor1D; variance: Tensor1D }>();
  let logits: Tensor2D | undefined;
  const input = model.network.nodes.find((node) => node.op === "input");
  const shape = input?.op === "input" ? input.attributes.shape : [];
  const compute = (): Tensor => {
    const images = tf.tensor(batch.images, [batch.size, ...shape]);
    const outputs = run(model, weights, images, {
      ...training,
      statistics: (nodeId, mean, variance) => {
        statistics.set(nodeId, { mean: mean as Tensor1D, variance: variance as Tensor1D });
      },
    });
    logits = tf.keep(outputs.logits);
    const targets = targetsOf(tf, batch, model.classes, loss.labelSmoothing);
    const main = crossEntropy(tf, outputs.logits, targets);
    if (!outputs.auxiliary) return main;
    return tf.add(main, tf.mul(crossEntropy(tf, outputs.auxiliary, targets), loss.auxiliaryWeight));
  };
  const by = names.map((name) => weights.get(name) as Tensor);
  // tf.grads refuses weights that the loss does not depend on (behind a zero operation); the engine's own call leaves them out.
  // It also refuses to differentiate by nothing, as in a network without weights.
  const { value, grads } =
    by.length === 0 ? { value: compute(), grads: [] } : tf.engine().gradients(compute, by, undefined, true);
  const gradients = new Map<string, Tensor>();
  for (const [i, name] of names.entries()) {
    const gradient = grads[i] as Tensor | undefined;
    if (gradient) gradients.set(name, gradient);
  }
  return { loss: value, gradients, logits: logits as Tensor2D, statistics };
}
