/**
 * @file A network as a TensorFlow graph, which `tf.loadGraphModel` reads: every operation, those without a layer made of primitive ones. Where a kernel of TensorFlow.js 4.22 is
 * wrong or missing the graph goes around it: explicit padding is a node of its own, groups are slices, and a stride beside a dilation is taken after the convolution.
 */
import { unreachable } from "../../base/errors.ts";
import type { ActivationName, Node, NodeOf, Pair, Shape } from "../../network/network.ts";
import { binEdges, binWindow } from "../../network/ops/adaptive-pooling.ts";
import type { WindowAttributes } from "../../network/ops/checks.ts";
import { channelWindow } from "../../network/ops/local-response.ts";
import { windowGeometry, type WindowGeometry } from "../../network/ops/window.ts";
import { float, graphBuilder, listOf, shapeAttribute, textOf, type GraphBuilder } from "./graph-builder.ts";
import type { HeldWeight, TfjsSubject } from "./subject.ts";
import type { ShardTensor } from "./weight-shards.ts";

const NHWC = { T: float, data_format: textOf("NHWC") };
/** The least float32: what pads a max pool, so that padding never wins. */
const LEAST = -3.4028234663852886e38;

/** One node's operation under construction. */
interface Call<N extends Node = Node> {
  readonly graph: GraphBuilder;
  readonly subject: TfjsSubject;
  readonly node: N;
  /** Names of the graph's nodes that give the inputs. */
  readonly inputs: readonly string[];
  /** Shapes of the inputs. */
  readonly shapes: readonly Shape[];
}

type Image = readonly [number, number, number];

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

function held({ subject, node }: Call, role: Parameters<TfjsSubject["weightOf"]>[1]): HeldWeight {
  return subject.weightOf(node, role) as HeldWeight;
}

function weight(call: Call, role: Parameters<TfjsSubject["weightOf"]>[1], shape?: readonly number[]): string {
  const { spec, data } = held(call, role);
  return call.graph.constant(spec.name, shape ?? spec.shape, data);
}

/** Makes a result under the node's own name, or with a bias added to it. */
function withBias(call: Call, make: (name: string) => string): string {
  const { graph, node, subject } = call;
  if (subject.weightOf(node, "bias") === undefined) return make(node.id);
  const product = make(`${node.id}/product`);
  return graph.add(node.id, "BiasAdd", [product, weight(call, "bias")], NHWC);
}

function slice(call: Call, name: string, x: string, begin: readonly number[], sizes: readonly number[]): string {
  const { graph, node } = call;
  const inputs = [x, graph.integers(`${node.id}/begin`, begin), graph.integers(`${node.id}/size`, sizes)];
  return graph.add(name, "Slice", inputs, { T: float, Index: { type: "DT_INT32" } });
}

type Sides = Pick<WindowGeometry, "top" | "bottom" | "left" | "right">;

function padded(call: Call, name: string, x: string, { top, bottom, left, right }: Sides, value = 0): string {
  const { graph, node } = call;
  const table = graph.integers(`${node.id}/paddings`, [0, 0, top, bottom, left, right, 0, 0]);
  // [4, 2] by a reshape: lists are written flat.
  const pairs = graph.add(`${node.id}/pairs`, "Reshape", [table, graph.integers(`${node.id}/rows`, [4, 2])]);
  if (value === 0) return graph.add(name, "Pad", [x, pairs], { T: float });
  return graph.add(name, "PadV2", [x, pairs, graph.constant(`${node.id}/least`, [], Float32Array.of(value))], {
    T: float,
  });
}

const isPadded = ({ top, bottom, left, right }: Sides): boolean => top + bottom + left + right > 0;

/** A window of one pixel, stepping: what a stride leaves. */
function subsampled({ graph, node }: Call, x: string, stride: Pair): string {
  return graph.add(`${node.id}/strided`, "MaxPool", [x], windowOf([1, 1], stride, "VALID"));
}

function windowOf(kernel: Pair, stride: Pair, padding: "SAME" | "VALID") {
  return {
    ...NHWC,
    ksize: listOf([1, ...kernel, 1]),
    strides: listOf([1, ...stride, 1]),
    padding: textOf(padding),
  };
}

/** How a convolution is told: the input with its padding on where TensorFlow.js's own would be wrong, and a stride that is left for afterwards. */
function prepared(call: Call, image: Image, attributes: WindowAttributes, isDepthwise: boolean) {
  const { kernel, stride, dilation = [1, 1], padding } = attributes;
  const [x = ""] = call.inputs;
  const isDilated = dilation.some((rate) => rate > 1);
  const isLate = isDilated && stride.some((step) => step > 1);
  // WebAssembly's `same` is wrong where the stride steps over the kernel; TensorFlow's depthwise kernel takes one stride for both axes.
  const isCovering = kernel.every((side, axis) => side >= (stride[axis] as number));
  const isEven = !isDepthwise || stride[0] === stride[1];
  const strideLater = isLate || !isEven;
  const isPlain = padding === "valid" || (padding === "same" && isCovering && !strideLater);
  const sides = windowGeometry(image, attributes);
  const input = isPlain || !isPadded(sides) ? x : padded(call, `${call.node.id}/padded`, x, sides);
  return {
    input,
    attributes: {
      ...NHWC,
      strides: listOf([1, ...(strideLater ? [1, 1] : stride), 1]),
      dilations: listOf([1, ...dilation, 1]),
      padding: textOf(isPlain && padding === "same" ? "SAME" : "VALID"),
    },
    finish: (result: string): string => (strideLater ? subsampled(call, result, stride) : result),
    /** Whether `finish` adds a node, so that the convolution's own name must be another. */
    isLate: strideLater,
  };
}

function convolution(call: Call<NodeOf<"conv">>): string {
  const { graph, node, shapes } = call;
  const { groups, filters } = node.attributes;
  const image = shapes[0] as Image;
  const { input, attributes, finish, isLate } = prepared(call, image, node.attributes, false);
  return withBias(call, (name) => {
    const own = isLate ? `${node.id}/dense` : name;
    if (groups === 1) return finish(graph.add(own, "Conv2D", [input, weight(call, "kernel")], attributes));
    const { spec, data } = held(call, "kernel");
    const [rows = 1, columns = 1, depth = 1] = spec.shape;
    const each = filters / groups;
    const parts = Array.from({ length: groups }, (_, g) => {
      const seen = slice(call, `${node.id}/group${g}/input`, input, [0, 0, 0, g * depth], [-1, -1, -1, depth]);
      const kernel = columnsOf(data, filters, g * each, each);
      const constant = graph.constant(`${node.id}/group${g}/kernel`, [rows, columns, depth, each], kernel);
      return graph.add(`${node.id}/group${g}`, "Conv2D", [seen, constant], attributes);
    });
    const axis = graph.integers(`${node.id}/axis`, 3);
    return finish(graph.add(own, "ConcatV2", [...parts, axis], { T: float, N: { i: String(groups) } }));
  });
}

/** Columns `[first, first + count)` of a row-major table with `width` of them. */
function columnsOf(data: Float32Array, width: number, first: number, count: number): Float32Array {
  const rows = data.length / width;
  const result = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++)
    result.set(data.subarray(row * width + first, row * width + first + count), row * count);
  return result;
}

function depthwise(call: Call<NodeOf<"depthwiseConv">>): string {
  const { graph, node, shapes } = call;
  const { input, attributes, finish, isLate } = prepared(call, shapes[0] as Image, node.attributes, true);
  const kernel = weight(call, "kernel", [...held(call, "kernel").spec.shape, 1]);
  return withBias(call, (name) =>
    finish(graph.add(isLate ? `${node.id}/dense` : name, "DepthwiseConv2dNative", [input, kernel], attributes)),
  );
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

function pool(call: Call<NodeOf<"maxPool" | "avgPool">>): string {
  const { graph, node, inputs, shapes } = call;
  const { kernel, stride } = node.attributes;
  const image = shapes[0] as Image;
  const sides = windowGeometry(image, node.attributes);
  const [x = ""] = inputs;
  const attributes = windowOf(kernel, stride, "VALID");
  if (!isPadded(sides)) return graph.add(node.id, node.op === "maxPool" ? "MaxPool" : "AvgPool", [x], attributes);
  if (node.op === "maxPool")
    return graph.add(node.id, "MaxPool", [padded(call, `${node.id}/padded`, x, sides, LEAST)], attributes);
  // The mean with zeros in it, times the window's size over the pixels that are none.
  const mean = graph.add(`${node.id}/mean`, "AvgPool", [padded(call, `${node.id}/padded`, x, sides)], attributes);
  const seen = (at: number, before: number, side: number, axis: 0 | 1): number => {
    const start = at * stride[axis] - before;
    return Math.min(start + kernel[axis], side) - Math.max(start, 0);
  };
  const share = new Float32Array(sides.height * sides.width);
  for (let row = 0; row < sides.height; row++)
    for (let column = 0; column < sides.width; column++) {
      const pixels = seen(row, sides.top, image[0], 0) * seen(column, sides.left, image[1], 1);
      // A window of nothing but padding gives zero.
      share[row * sides.width + column] = pixels > 0 ? (kernel[0] * kernel[1]) / pixels : 0;
    }
  const factor = graph.constant(`${node.id}/share`, [1, sides.height, sides.width, 1], share);
  return graph.add(node.id, "Mul", [mean, factor], { T: float });
}

function adaptivePool(call: Call<NodeOf<"adaptiveAvgPool" | "adaptiveMaxPool">>): string {
  const { graph, node, inputs, shapes } = call;
  const image = shapes[0] as Image;
  const isMax = node.op === "adaptiveMaxPool";
  const window = binWindow(image, node.attributes.size);
  if (window !== undefined) {
    const { kernel, stride } = window;
    return graph.add(node.id, isMax ? "MaxPool" : "AvgPool", [inputs[0] ?? ""], windowOf(kernel, stride, "VALID"));
  }
  // Rows into bins, then columns: the mean of means, as all bins of a row are equally high.
  const along = (axis: 1 | 2, x: string, name: string): string => {
    const bins = binEdges(image[axis - 1] as number, node.attributes.size[axis - 1] as number);
    const parts = bins.map(([start, end], i) => {
      const begin = axis === 1 ? [0, start, 0, 0] : [0, 0, start, 0];
      const sizes = axis === 1 ? [-1, end - start, -1, -1] : [-1, -1, end - start, -1];
      const seen = slice(call, `${node.id}/axis${axis}/${i}`, x, begin, sizes);
      return graph.add(
        `${node.id}/bin${axis}/${i}`,
        isMax ? "Max" : "Mean",
        [seen, graph.integers(`${node.id}/axis`, [axis])],
        {
          T: float,
          keep_dims: { b: true },
        },
      );
    });
    return graph.add(name, "ConcatV2", [...parts, graph.integers(`${node.id}/axis`, axis)], {
      T: float,
      N: { i: String(parts.length) },
    });
  };
  return along(2, along(1, inputs[0] ?? "", `${node.id}/rows`), node.id);
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
