/**
 * @file How each operation is written in ONNX (operator set 17, https://onnx.ai/onnx/operators). Tensors are NCHW there, NHWC here; the batch is axis 0 in both and
 * its size is open. Padding is always explicit: the sides of an image are known.
 */
import type { ActivationName, OpAttributes, OpKind, Pair, Shape, WeightRole } from "../../network/network.ts";
import { binEdges, binWindow } from "../../network/ops/adaptive-pooling.ts";
import type { WindowAttributes } from "../../network/ops/checks.ts";
import { channelWindow } from "../../network/ops/local-response.ts";
import { windowGeometry } from "../../network/ops/window.ts";
import { transposed } from "../tensors.ts";
import type { NodeParts } from "./graph.ts";
import type { OnnxAttribute } from "./model.ts";

/** What an operation is written with. */
export interface OperationContext<K extends OpKind> {
  readonly attributes: OpAttributes[K];
  /** Shapes of the inputs and the output, without the batch, NHWC. */
  readonly inputs: readonly Shape[];
  readonly output: Shape;
  /** Names of the inputs' values. */
  readonly operands: readonly string[];
  /** Operations that read this one's value. */
  readonly readers: readonly OpKind[];
  /** Name of the graph's input: whoever needs the size of the batch reads it there. */
  readonly images: string;
  /** Values of a weight, row-major in our layout. */
  weight(role: WeightRole): Float32Array;
  /** Adds an initializer below the node's path. */
  floats(name: string, shape: readonly number[], data: Float32Array): string;
  scalar(value: number): string;
  ints(values: readonly number[]): string;
  /** Adds a node below the node's path and returns its value. */
  step(name: string, op: string, parts: NodeParts): string;
  /** Adds the node of the path itself: the last one, whose value is the operation's. */
  last(op: string, parts: NodeParts): void;
}

export type Operation<K extends OpKind> = (context: OperationContext<K>) => void;

export const operations: { readonly [K in OpKind]: Operation<K> } = {
  // The exporter writes the input itself; dropping and its like never get here (simplify.ts).
  input: (c) => c.last("Identity", { inputs: c.operands }),
  dropout: (c) => c.last("Identity", { inputs: c.operands }),
  dropPath: (c) => c.last("Identity", { inputs: c.operands }),

  conv(c) {
    const { kernel, filters, groups } = c.attributes;
    const perGroup = channelsOf(c.inputs[0]) / groups;
    // [kh, kw, in / groups, filters] to [filters, in / groups, kh, kw]
    const data = transposed(c.weight("kernel"), [...kernel, perGroup, filters], [3, 2, 0, 1]);
    convolve(c, c.floats("kernel", [filters, perGroup, ...kernel], data), filters, groups);
  },
  depthwiseConv(c) {
    const { kernel } = c.attributes;
    const channels = channelsOf(c.inputs[0]);
    // [kh, kw, c] to [c, 1, kh, kw]
    const data = transposed(c.weight("kernel"), [...kernel, channels, 1], [2, 3, 0, 1]);
    convolve(c, c.floats("kernel", [channels, 1, ...kernel], data), channels, channels);
  },
  batchNorm(c) {
    const channels = channelsOf(c.inputs[0]);
    const roles = ["gamma", "beta", "movingMean", "movingVariance"] as const;
    const weights = roles.map((role) => c.floats(role, [channels], c.weight(role)));
    c.last("BatchNormalization", {
      inputs: [...c.operands, ...weights],
      attributes: { epsilon: float(c.attributes.epsilon) },
    });
  },
  localResponseNorm(c) {
    const { size, alpha, beta, k } = c.attributes;
    // ONNX's window and ours are the same where it has a middle; ONNX Runtime takes no other.
    if (size % 2 === 1) {
      c.last("LRN", {
        inputs: c.operands,
        attributes: { size: int(size), alpha: float(alpha), beta: float(beta), bias: float(k) },
      });
      return;
    }
    const channels = channelsOf(c.inputs[0]);
    const { before, after } = channelWindow(size);
    // k + alpha / size * sum of squares in the window, as a 1x1 convolution of the squares.
    const band = Float32Array.from({ length: channels * channels }, (_, i) => {
      const distance = (i % channels) - Math.floor(i / channels);
      return distance >= -before && distance <= after ? alpha / size : 0;
    });
    const squares = c.step("squares", "Mul", { inputs: [...c.operands, ...c.operands] });
    const sums = c.step("sums", "Conv", {
      inputs: [
        squares,
        c.floats("window", [channels, channels, 1, 1], band),
        c.floats("k", [channels], new Float32Array(channels).fill(k)),
      ],
    });
    const power = c.step("power", "Pow", { inputs: [sums, c.scalar(beta)] });
    c.last("Div", { inputs: [...c.operands, power] });
  },
  channelShuffle(c) {
    const [height, width, channels] = image(c.inputs[0]);
    const { groups } = c.attributes;
    // A side of 0 is the input's own: the batch.
    const split = c.step("split", "Reshape", {
      inputs: [...c.operands, c.ints([0, groups, channels / groups, height, width])],
    });
    const mixed = c.step("mix", "Transpose", { inputs: [split], attributes: { perm: ints([0, 2, 1, 3, 4]) } });
    c.last("Reshape", { inputs: [mixed, c.ints([0, channels, height, width])] });
  },
  channelSlice(c) {
    const { first, count } = c.attributes;
    c.last("Slice", { inputs: [...c.operands, c.ints([first]), c.ints([first + count]), c.ints([1])] });
  },
  activation: (c) => activations[c.attributes.fn](c),
  maxPool: (c) => c.last("MaxPool", { inputs: c.operands, attributes: pooling(c.inputs[0], c.attributes) }),
  avgPool: (c) =>
    c.last("AveragePool", {
      inputs: c.operands,
      attributes: { ...pooling(c.inputs[0], c.attributes), count_include_pad: int(0) },
    }),
  globalAvgPool(c) {
    if (c.attributes.keepDims) c.last("GlobalAveragePool", { inputs: c.operands });
    else {
      const pixel = c.step("pixel", "GlobalAveragePool", { inputs: c.operands });
      c.last("Flatten", { inputs: [pixel], attributes: { axis: int(1) } });
    }
  },
  adaptiveAvgPool(c) {
    const [height, width, channels] = image(c.inputs[0]);
    const { size } = c.attributes;
    const window = binWindow([height, width, channels], size);
    if (window !== undefined) {
      c.last("AveragePool", { inputs: c.operands, attributes: pooling(c.inputs[0], window) });
      return;
    }
    // The mean of a rectangle is the mean of its rows' means: two products with matrices of shares.
    const rows = c.floats("rows", [size[0], height], binShares(height, size[0]));
    const columns = c.floats(
      "columns",
      [width, size[1]],
      transposed(binShares(width, size[1]), [size[1], width, 1, 1], [1, 0, 2, 3]),
    );
    const narrow = c.step("across", "MatMul", { inputs: [...c.operands, columns] });
    c.last("MatMul", { inputs: [rows, narrow] });
  },
  adaptiveMaxPool(c) {
    const [height, width, channels] = image(c.inputs[0]);
    const { size } = c.attributes;
    const window = binWindow([height, width, channels], size);
    if (window !== undefined) {
      c.last("MaxPool", { inputs: c.operands, attributes: pooling(c.inputs[0], window) });
      return;
    }
    const across = binMaxima(c, "columns", c.operands, { axis: 3, side: width, bins: size[1] });
    const wide = [c.step("across", "Concat", { inputs: across, attributes: { axis: int(3) } })];
    const down = binMaxima(c, "rows", wide, { axis: 2, side: height, bins: size[0] });
    c.last("Concat", { inputs: down, attributes: { axis: int(2) } });
  },
  flatten(c) {
    const [height, width] = image(c.inputs[0]);
    // Our order is by rows, columns, channels.
    const nhwc =
      height * width === 1
        ? c.operands
        : [c.step("transpose", "Transpose", { inputs: c.operands, attributes: { perm: ints([0, 2, 3, 1]) } })];
    c.last("Flatten", { inputs: nhwc, attributes: { axis: int(1) } });
  },
  dense(c) {
    const { units, bias } = c.attributes;
    const kernel = c.floats("kernel", [channelsOf(c.inputs[0]), units], c.weight("kernel"));
    const inputs = [...c.operands, kernel, ...(bias ? [c.floats("bias", [units], c.weight("bias"))] : [])];
    c.last("Gemm", { inputs });
  },
  add: (c) => c.last(c.operands.length === 2 ? "Add" : "Sum", { inputs: c.operands }),
  multiply(c) {
    const [a = "", b = ""] = c.operands;
    const isVector = c.inputs[0]?.length === 3 && c.inputs[1]?.length === 1;
    const factor = isVector ? c.step("unsqueeze", "Unsqueeze", { inputs: [b, c.ints([2, 3])] }) : b;
    c.last("Mul", { inputs: [a, factor] });
  },
  concat: (c) => c.last("Concat", { inputs: c.operands, attributes: { axis: int(1) } }),
  zero(c) {
    const shape = c.step("shape", "Shape", { inputs: [c.images], attributes: { start: int(0), end: int(1) } });
    const sides = c.step("sides", "Concat", {
      inputs: [shape, c.ints(nchw(c.output))],
      attributes: { axis: int(0) },
    });
    // Its default value is a float32 zero.
    c.last("ConstantOfShape", { inputs: [sides] });
  },
  slice(c) {
    const { top, left, height, width } = c.attributes;
    c.last("Slice", {
      inputs: [...c.operands, c.ints([top, left]), c.ints([top + height, left + width]), c.ints([2, 3])],
    });
  },
  pad(c) {
    const { top, bottom, left, right } = c.attributes;
    if (!c.readers.some((op) => pools.has(op))) {
      c.last("Pad", { inputs: [...c.operands, c.ints([0, 0, top, left, 0, 0, bottom, right])] });
      return;
    }
    // ONNX Runtime (1.30 at least) makes zeros before a pool the pool's own padding, which never wins and may not be as large as the window. So one
    // column too many is cut off again, and the pool has another neighbour.
    const wide = c.step("pad", "Pad", { inputs: [...c.operands, c.ints([0, 0, top, left, 0, 0, bottom, right + 1])] });
    const width = image(c.output)[1];
    c.last("Slice", { inputs: [wide, c.ints([0]), c.ints([width]), c.ints([3])] });
  },
};

/** What is, or may be, written as a pool. */
const pools: ReadonlySet<OpKind> = new Set<OpKind>(["maxPool", "avgPool", "adaptiveMaxPool", "adaptiveAvgPool"]);

const activations: Readonly<Record<ActivationName, Operation<"activation">>> = {
  relu: (c) => c.last("Relu", { inputs: c.operands }),
  relu6: (c) => c.last("Clip", { inputs: [...c.operands, c.scalar(0), c.scalar(6)] }),
  swish(c) {
    const gate = c.step("sigmoid", "Sigmoid", { inputs: c.operands });
    c.last("Mul", { inputs: [...c.operands, gate] });
  },
  hswish: (c) => c.last("HardSwish", { inputs: c.operands }),
  sigmoid: (c) => c.last("Sigmoid", { inputs: c.operands }),
  hsigmoid: (c) => c.last("HardSigmoid", { inputs: c.operands, attributes: { alpha: float(1 / 6), beta: float(0.5) } }),
  tanh: (c) => c.last("Tanh", { inputs: c.operands }),
};

/** The table is typed per kind; a lookup by a node's own kind agrees with its attributes. */
export function operationOf(op: OpKind): Operation<OpKind> {
  return operations[op] as unknown as Operation<OpKind>;
}

/** Returns a shape without the batch in ONNX's order. */
export function nchw(shape: Shape): readonly number[] {
  return shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
}

export function int(value: number): OnnxAttribute {
  return { kind: "int", value };
}

export function ints(value: readonly number[]): OnnxAttribute {
  return { kind: "ints", value };
}

function float(value: number): OnnxAttribute {
  return { kind: "float", value };
}

function image(shape: Shape | undefined): readonly [number, number, number] {
  return shape as readonly [number, number, number];
}

function channelsOf(shape: Shape | undefined): number {
  return shape?.at(-1) ?? 0;
}

function convolve(
  c: OperationContext<"conv"> | OperationContext<"depthwiseConv">,
  kernel: string,
  filters: number,
  groups: number,
): void {
  const { attributes } = c;
  const bias = attributes.bias ? [c.floats("bias", [filters], c.weight("bias"))] : [];
  c.last("Conv", {
    inputs: [...c.operands, kernel, ...bias],
    attributes: {
      ...pooling(c.inputs[0], attributes),
      dilations: ints(attributes.dilation),
      group: int(groups),
    },
  });
}

/** What a window that slides over an image is told. */
function pooling(input: Shape | undefined, window: WindowAttributes): Readonly<Record<string, OnnxAttribute>> {
  const { top, left, bottom, right } = windowGeometry(image(input), window);
  return {
    kernel_shape: ints(window.kernel),
    strides: ints(window.stride),
    pads: ints([top, left, bottom, right]),
  };
}

/** Returns `[bins, side]`: how much each row (or column) weighs in the mean of each bin. */
function binShares(side: number, bins: number): Float32Array {
  const edges = binEdges(side, bins);
  return Float32Array.from({ length: bins * side }, (_, i) => {
    const [start, end] = edges[Math.floor(i / side)] as Pair;
    const at = i % side;
    return at >= start && at < end ? 1 / (end - start) : 0;
  });
}

/** Returns the maximum of every bin along an axis, each a value whose side there is 1. */
function binMaxima(
  c: OperationContext<"adaptiveMaxPool">,
  name: string,
  of: readonly string[],
  { axis, side, bins }: { readonly axis: number; readonly side: number; readonly bins: number },
): readonly string[] {
  return binEdges(side, bins).map(([start, end], bin) => {
    const slice = c.step(`${name}${bin}/slice`, "Slice", {
      inputs: [...of, c.ints([start]), c.ints([end]), c.ints([axis])],
    });
    if (end - start === 1) return slice;
    return c.step(`${name}${bin}`, "ReduceMax", { inputs: [slice], attributes: { axes: ints([axis]) } });
  });
}
