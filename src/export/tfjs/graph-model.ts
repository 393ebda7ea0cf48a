/**
 * @file A network as a TensorFlow graph, which `tf.loadGraphModel` reads: every operation, those without a layer made of primitive ones.
 */
import { unreachable } from "../../base/errors.ts";
import type { ActivationName, Node, NodeOf, Shape } from "../../network/network.ts";
import { channelWindow } from "../../network/ops/local-response.ts";
import { float, graphBuilder, shapeAttribute } from "./graph-builder.ts";
import { held, NHWC, padded, slice, subsampled, weight, withBias, type Call, type Image } from "./graph-call.ts";
import { convolution, depthwise } from "./graph-convolutions.ts";
import { adaptivePool, pool } from "./graph-pools.ts";
import type { TfjsSubject } from "./subject.ts";
import type { ShardTensor } from "./weight-shards.ts";

/** Returns the topology, its constants in the order of the shards, and its signature. */
export function graphModel(subject: TfjsSubject): {
  readonly topology: object;
  readonly signature: object;
  readonly tensors: readonly ShardTensor[];
} {
  const graph = graphBuilder();
  const names = new Map<string, string>();
  let image = "";
  for (const node of subject.nodes) {
    const inputs = node.inputs.map((id) => names.get(id) as string);
    const shapes = node.inputs.map((id) => subject.shapeOf(id));
    const name = write({ graph, subject, node, inputs, shapes });
    names.set(node.id, name);
    if (node.op === "input") image = name;
  }
  const ends = (id: string, name: string): object => ({
    name: `${name}:0`,
    dtype: "DT_FLOAT",
    tensorShape: { dim: [-1, ...subject.shapeOf(id)].map((size) => ({ size: String(size) })) },
  });
  const { logits } = subject.network.outputs;
  const input = subject.nodes.find(({ op }) => op === "input") as Node;
  return {
    topology: { node: graph.nodes, library: {}, versions: { producer: 987, minConsumer: 12 } },
    signature: {
      inputs: { images: ends(input.id, image) },
      outputs: { logits: ends(logits, names.get(logits) as string) },
    },
    tensors: graph.constants,
  };
}

function write(call: Call): string {
  const { graph, node, inputs, shapes } = call;
  const [x = "", y = ""] = inputs;
  const own = (op: string, more: readonly string[], attributes = {}): string =>
    graph.add(node.id, op, more, { T: float, ...attributes });
  const part = (name: string): string => `${node.id}/${name}`;
  switch (node.op) {
    case "input":
      return graph.add(node.id, "Placeholder", [], {
        dtype: float,
        shape: shapeAttribute([-1, ...node.attributes.shape]),
      });
    case "conv":
      return convolution(call as Call<NodeOf<"conv">>);
    case "depthwiseConv":
      return depthwise(call as Call<NodeOf<"depthwiseConv">>);
    case "batchNorm":
      return batchNorm(call as Call<NodeOf<"batchNorm">>);
    case "activation":
      return activation(call, node.attributes.fn);
    case "maxPool":
    case "avgPool":
      return pool(call as Call<NodeOf<"maxPool" | "avgPool">>);
    case "globalAvgPool":
      return own("Mean", [x, graph.integers(part("axes"), [1, 2])], { keep_dims: { b: node.attributes.keepDims } });
    case "adaptiveAvgPool":
    case "adaptiveMaxPool":
      return adaptivePool(call as Call<NodeOf<"adaptiveAvgPool" | "adaptiveMaxPool">>);
    case "flatten":
      return own("Reshape", [x, graph.integers(part("shape"), [-1, size(shapes[0] as Shape)])]);
    case "dense": {
      const product = { transpose_a: { b: false }, transpose_b: { b: false } };
      return withBias(call, (name) => graph.add(name, "MatMul", [x, weight(call, "kernel")], { T: float, ...product }));
    }
    case "add": {
      const [first = "", ...rest] = inputs;
      return rest.reduce(
        (sum, next, i) => graph.add(i === rest.length - 1 ? node.id : part("sum"), "AddV2", [sum, next], { T: float }),
        first,
      );
    }
    case "multiply": {
      const [left = [0], right = [0]] = shapes as readonly (readonly number[])[];
      const factor =
        right.length < left.length
          ? graph.add(part("factor"), "Reshape", [y, graph.integers(part("shape"), [-1, 1, 1, ...right])], { T: float })
          : y;
      return own("Mul", [x, factor]);
    }
    case "concat":
      return own("ConcatV2", [...inputs, graph.integers(part("axis"), (shapes[0] as Shape).length)], {
        N: { i: String(inputs.length) },
      });
    case "dropout":
    case "dropPath":
      return own("Identity", [x]);
    case "zero": {
      const { stride } = node.attributes;
      const strided = stride === 1 || shapes[0]?.length !== 3 ? x : subsampled(call, x, [stride, stride]);
      return own("ZerosLike", [strided]);
    }
    case "slice": {
      const { top, left, height, width } = node.attributes;
      return slice(call, node.id, x, [0, top, left, 0], [-1, height, width, -1]);
    }
    case "channelSlice":
      return slice(call, node.id, x, [0, 0, 0, node.attributes.first], [-1, -1, -1, node.attributes.count]);
    case "pad":
      return padded(call, node.id, x, node.attributes);
    case "channelShuffle": {
      const [height, width, channels] = shapes[0] as Image;
      const { groups } = node.attributes;
      const table = graph.integers(part("table"), [-1, groups, channels / groups]);
      const split = graph.add(part("split"), "Reshape", [x, table], { T: float });
      const mixed = graph.add(part("mix"), "Transpose", [split, graph.integers(part("order"), [0, 2, 1])], {
        T: float,
      });
      return own("Reshape", [mixed, graph.integers(part("shape"), [-1, height, width, channels])]);
    }
    case "localResponseNorm":
      return localResponse(call as Call<NodeOf<"localResponseNorm">>);
    default:
      return unreachable(node);
  }
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

function batchNorm(call: Call<NodeOf<"batchNorm">>): string {
  const { graph, node, inputs, shapes } = call;
  const { epsilon } = node.attributes;
  if (shapes[0]?.length === 3) {
    const roles = ["gamma", "beta", "movingMean", "movingVariance"] as const;
    return graph.add(node.id, "FusedBatchNormV3", [inputs[0] ?? "", ...roles.map((role) => weight(call, role))], {
      ...NHWC,
      epsilon: { f: epsilon },
      is_training: { b: false },
    });
  }
  // The fused kernel takes images alone.
  const [gamma, beta, mean, variance] = (["gamma", "beta", "movingMean", "movingVariance"] as const).map(
    (role) => held(call, role).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map((value, i) => value / Math.sqrt((variance[i] ?? 0) + epsilon));
  const shift = beta.map((value, i) => value - (mean[i] ?? 0) * (scale[i] ?? 0));
  const scaled = graph.add(
    `${node.id}/scaled`,
    "Mul",
    [inputs[0] ?? "", graph.constant(`${node.id}/scale`, [scale.length], scale)],
    { T: float },
  );
  return graph.add(node.id, "AddV2", [scaled, graph.constant(`${node.id}/shift`, [shift.length], shift)], { T: float });
}

function activation({ graph, node, inputs }: Call, fn: ActivationName): string {
  const [x = ""] = inputs;
  const add = (name: string, op: string, from: readonly string[]): string => graph.add(name, op, from, { T: float });
  const scalar = (name: string, value: number): string =>
    graph.constant(`${node.id}/${name}`, [], Float32Array.of(value));
  const hsigmoid = (name: string): string => {
    const moved = add(`${node.id}/moved`, "AddV2", [x, scalar("three", 3)]);
    return add(name, "RealDiv", [add(`${node.id}/clipped`, "Relu6", [moved]), scalar("six", 6)]);
  };
  switch (fn) {
    case "relu":
      return add(node.id, "Relu", [x]);
    case "relu6":
      return add(node.id, "Relu6", [x]);
    case "sigmoid":
      return add(node.id, "Sigmoid", [x]);
    case "tanh":
      return add(node.id, "Tanh", [x]);
    case "swish":
      return add(node.id, "Mul", [x, add(`${node.id}/sigmoid`, "Sigmoid", [x])]);
    case "hsigmoid":
      return hsigmoid(node.id);
    case "hswish":
      return add(node.id, "Mul", [x, hsigmoid(`${node.id}/hsigmoid`)]);
    default:
      return unreachable(fn);
  }
}

/** The sum over a window of channels as a product with a banded matrix: TensorFlow.js's own normalisation has odd windows alone. */
function localResponse(call: Call<NodeOf<"localResponseNorm">>): string {
  const { graph, node, inputs, shapes } = call;
  const { size: window, alpha, beta, k } = node.attributes;
  const [height, width, channels] = shapes[0] as Image;
  const { before, after } = channelWindow(window);
  const band = Float32Array.from({ length: channels * channels }, (_, i) => {
    const offset = Math.floor(i / channels) - (i % channels);
    return offset >= -before && offset <= after ? alpha / window : 0;
  });
  const [x = ""] = inputs;
  const add = (name: string, op: string, from: readonly string[], more = {}): string =>
    graph.add(name, op, from, { T: float, ...more });
  const part = (name: string): string => `${node.id}/${name}`;
  const scalar = (name: string, value: number): string => graph.constant(part(name), [], Float32Array.of(value));
  const pixels = add(part("pixels"), "Reshape", [
    add(part("squares"), "Square", [x]),
    graph.integers(part("table"), [-1, channels]),
  ]);
  const product = { transpose_a: { b: false }, transpose_b: { b: false } };
  const summed = add(
    part("sums"),
    "MatMul",
    [pixels, graph.constant(part("band"), [channels, channels], band)],
    product,
  );
  const power = add(part("power"), "Pow", [
    add(part("moved"), "AddV2", [summed, scalar("k", k)]),
    scalar("exponent", -beta),
  ]);
  const factor = add(part("factor"), "Reshape", [power, graph.integers(part("shape"), [-1, height, width, channels])]);
  return add(node.id, "Mul", [x, factor]);
}
