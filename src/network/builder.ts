/**
 * @file Building a network by hand or in a space's `decode`: `network("mine", [32, 32, 3], (net) => …)`. Every step gives a tensor with its
 * shape already known, so a mistake is reported at the line that makes it, with the path of the node.
 *
 * The first argument of every step is the node's path (`cell3/block1/left/dw`): weights, drawings and exported modules are named by it.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { ActivationName, Network, Node, NodeOf, OpAttributes, OpKind, Padding, Pair, Shape } from "./network.ts";
import { placeOf } from "./order.ts";
import { channelsOf } from "./ops/definition.ts";
import { shapeOf } from "./ops/table.ts";
import { checkNode } from "./validate-node.ts";

/** The output of a node under construction. */
export interface Tensor {
  /** Path of the node that gives it. */
  readonly id: string;
  /** `[h, w, c]` or `[c]`. */
  readonly shape: Shape;
  /** The last side of the shape. */
  readonly channels: number;
}

/** What layers take where they aren't told. */
export interface NetworkDefaults {
  readonly batchNorm: OpAttributes["batchNorm"];
  /** What `activate` applies, in layers too. */
  readonly activation: ActivationName;
}

/** A window's size: one number for a square. */
export type Size = number | Pair;

export interface WindowOptions {
  /** Rows and columns of the window; one number for a square. */
  readonly kernel: Size;
  /** Default 1. */
  readonly stride?: Size;
  /** Default `same`. */
  readonly padding?: Padding;
}

export interface ConvOptions extends WindowOptions {
  /** Output channels. */
  readonly filters: number;
  /** Default 1. */
  readonly dilation?: Size;
  /** Default 1. */
  readonly groups?: number;
  /** Default false: a batch norm usually follows. */
  readonly bias?: boolean;
}

export type DepthwiseOptions = Omit<ConvOptions, "filters" | "groups">;

/** Only the size has to be given. */
export type LocalResponseOptions = Pick<OpAttributes["localResponseNorm"], "size"> &
  Partial<OpAttributes["localResponseNorm"]>;

/** What `build` returns: the logits `[classes]`, and an auxiliary head's if there is one. */
export type Outputs = Tensor | { readonly logits: Tensor; readonly auxiliary?: Tensor };

export interface NetworkBuilder {
  /** The image. */
  readonly input: Tensor;
  /** What layers take where they are not told. */
  readonly defaults: NetworkDefaults;
  /** Adds any operation, attributes in full. The other methods are this with defaults. */
  node<K extends OpKind>(path: string, op: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Tensor;
  /** A convolution of `[h, w, c]` to `filters` channels; stride 1, `same`, no bias unless told otherwise. */
  conv(path: string, x: Tensor, options: ConvOptions): Tensor;
  /** One window per channel; the channels stay. */
  depthwiseConv(path: string, x: Tensor, options: DepthwiseOptions): Tensor;
  /** Batch normalisation with the network's epsilon and momentum, or those given. */
  batchNorm(path: string, x: Tensor, options?: Partial<OpAttributes["batchNorm"]>): Tensor;
  /** Defaults are torch's: alpha 1e-4, beta 0.75, k 1. Alpha is divided by the size: AlexNet's is `{ size: 5, alpha: 5e-4, k: 2 }`. */
  localResponseNorm(path: string, x: Tensor, options: LocalResponseOptions): Tensor;
  /** Mixes what grouped convolutions kept apart: channel g * c / groups + j goes to j * groups + g. */
  channelShuffle(path: string, x: Tensor, groups: number): Tensor;
  /** Channels `first` to `first + count - 1`. */
  channelSlice(path: string, x: Tensor, attributes: OpAttributes["channelSlice"]): Tensor;
  /** The network's default activation, or the one named. */
  activate(path: string, x: Tensor, fn?: ActivationName): Tensor;
  /** The largest of each window; padding never wins. */
  maxPool(path: string, x: Tensor, options: WindowOptions): Tensor;
  /** The mean of each window; padding is not counted. */
  avgPool(path: string, x: Tensor, options: WindowOptions): Tensor;
  /** The mean of each channel: `[c]`, or `[1, 1, c]` with `keepDims`. */
  globalAvgPool(path: string, x: Tensor, options?: { readonly keepDims?: boolean }): Tensor;
  /** To `size` rows and columns, whatever the input's. */
  adaptiveAvgPool(path: string, x: Tensor, size: Size): Tensor;
  /** The maxima of `size` rows and columns of bins, whatever the input's. */
  adaptiveMaxPool(path: string, x: Tensor, size: Size): Tensor;
  /**
   * Spatial pyramid pooling (He et al. 2014): for each level the maxima of level x level bins, all in one vector `[sum of level^2 * c]`, whatever
   * the image's sides. SPPNet's levels are `[4, 2, 1]` and `[6, 3, 2, 1]`. Adds an adaptive max pool and a flatten for each, and a concat.
   */
  spatialPyramidPool(path: string, x: Tensor, levels: readonly number[]): Tensor;
  /** `[h, w, c]` to `[h * w * c]`. */
  flatten(path: string, x: Tensor): Tensor;
  /** With bias unless told otherwise. */
  dense(path: string, x: Tensor, options: { readonly units: number; readonly bias?: boolean }): Tensor;
  /** The sum of two tensors or more of one shape. */
  add(path: string, inputs: readonly Tensor[]): Tensor;
  /** The product of two tensors of one shape, or of `[h, w, c]` with `[1, 1, c]` or `[c]`. */
  multiply(path: string, x: Tensor, by: Tensor): Tensor;
  /** Joins channels, inputs in order. */
  concat(path: string, inputs: readonly Tensor[]): Tensor;
  /** Drops elements with probability `rate` in training. */
  dropout(path: string, x: Tensor, rate: number): Tensor;
  /** Drops the whole tensor for an example, with probability `depthFraction` times the recipe's rate, in training. */
  dropPath(path: string, x: Tensor, depthFraction: number): Tensor;
  /** Zeros of the shape that a stride leaves. */
  zero(path: string, x: Tensor, options?: { readonly stride?: number }): Tensor;
  /** Takes a rectangle of every channel. */
  slice(path: string, x: Tensor, attributes: OpAttributes["slice"]): Tensor;
  /** Pads with zeros. */
  pad(path: string, x: Tensor, attributes: OpAttributes["pad"]): Tensor;
}

function toPair(size: Size): Pair {
  return typeof size === "number" ? [size, size] : size;
}

function windowAttributes(options: WindowOptions): OpAttributes["maxPool"] {
  return {
    kernel: toPair(options.kernel),
    stride: toPair(options.stride ?? 1),
    padding: options.padding ?? "same",
  };
}

/** Sorts out what a build function returned, which need not be what its type says. An auxiliary head that isn't there is left out. */
function asOutputs(returned: unknown): { readonly logits: Tensor | undefined; readonly auxiliary?: Tensor } {
  if (typeof returned !== "object" || returned === null) return { logits: undefined };
  if (!("logits" in returned)) return { logits: returned as Tensor };
  const { logits, auxiliary } = returned as { logits?: Tensor; auxiliary?: Tensor };
  return { logits, ...(auxiliary !== undefined && { auxiliary }) };
}

/**
 * Builds a network. `build` is given the builder and returns the logits. Throws `shape`, naming the node, at the first step that doesn't
 * fit. `defaults` overrides TensorFlow's batch norm (epsilon 1e-3, momentum 0.99) and the default activation (relu).
 */
export function network(
  name: string,
  inputShape: Shape,
  build: (net: NetworkBuilder) => Outputs,
  defaults: Partial<NetworkDefaults> = {},
): Network {
  if (typeof name !== "string" || name === "")
    throw new CellwrightError("shape", expected("network: name", "a name as the first argument", name));
  const nodes: Node[] = [];
  const known = new Map<string, Tensor>();

  function node<K extends OpKind>(path: string, op: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Tensor {
    const place = placeOf({ name }, { id: path, op });
    if (!Array.isArray(inputs) || !inputs.every((input) => typeof input === "object" && input !== null))
      throw new CellwrightError("shape", expected(place, "inputs that are a list of tensors", inputs));
    const made = { id: path, op, inputs: inputs.map(({ id }) => id), attributes } as NodeOf<K> as Node;
    const [problem] = checkNode(made, place);
    if (problem !== undefined) throw new CellwrightError("shape", problem);
    if (known.has(path)) throw new CellwrightError("shape", expected(place, "a path that no other node has", path));
    for (const input of inputs) {
      if (known.get(input.id) !== input) {
        throw new CellwrightError("shape", expected(place, "inputs made by the same builder", input.id));
      }
    }
    const shape = shapeOf(
      made,
      inputs.map((input) => input.shape),
      place,
    );
    const tensor: Tensor = { id: path, shape, channels: channelsOf(shape) };
    nodes.push(made);
    known.set(path, tensor);
    return tensor;
  }

  const filled: NetworkDefaults = {
    batchNorm: defaults.batchNorm ?? { epsilon: 1e-3, momentum: 0.99 },
    activation: defaults.activation ?? "relu",
  };

  const builder: NetworkBuilder = {
    input: node("input", "input", [], { shape: inputShape }),
    defaults: filled,
    node,
    conv: (path, x, options) =>
      node(path, "conv", [x], {
        filters: options.filters,
        ...windowAttributes(options),
        dilation: toPair(options.dilation ?? 1),
        groups: options.groups ?? 1,
        bias: options.bias ?? false,
      }),
    depthwiseConv: (path, x, options) =>
      node(path, "depthwiseConv", [x], {
        ...windowAttributes(options),
        dilation: toPair(options.dilation ?? 1),
        bias: options.bias ?? false,
      }),
    batchNorm: (path, x, options) => node(path, "batchNorm", [x], { ...filled.batchNorm, ...options }),
    localResponseNorm: (path, x, options) =>
      node(path, "localResponseNorm", [x], { alpha: 1e-4, beta: 0.75, k: 1, ...options }),
    channelShuffle: (path, x, groups) => node(path, "channelShuffle", [x], { groups }),
    channelSlice: (path, x, attributes) => node(path, "channelSlice", [x], attributes),
    activate: (path, x, fn) => node(path, "activation", [x], { fn: fn ?? filled.activation }),
    maxPool: (path, x, options) => node(path, "maxPool", [x], windowAttributes(options)),
    avgPool: (path, x, options) => node(path, "avgPool", [x], windowAttributes(options)),
    globalAvgPool: (path, x, options) => node(path, "globalAvgPool", [x], { keepDims: options?.keepDims ?? false }),
    adaptiveAvgPool: (path, x, size) => node(path, "adaptiveAvgPool", [x], { size: toPair(size) }),
    adaptiveMaxPool: (path, x, size) => node(path, "adaptiveMaxPool", [x], { size: toPair(size) }),
    spatialPyramidPool(path, x, levels) {
      const isPyramid = Array.isArray(levels) && levels.length > 0 && new Set(levels).size === levels.length;
      if (!isPyramid)
        throw new CellwrightError("shape", expected(`${name}: ${path}`, "a list of different levels", levels));
      const vectors = levels.map((level) => {
        const pooled = node(`${path}/pool${level}`, "adaptiveMaxPool", [x], { size: [level, level] });
        return node(`${path}/flatten${level}`, "flatten", [pooled], {});
      });
      return vectors.length === 1 ? (vectors[0] as Tensor) : node(`${path}/concat`, "concat", vectors, {});
    },
    flatten: (path, x) => node(path, "flatten", [x], {}),
    dense: (path, x, options) => node(path, "dense", [x], { units: options.units, bias: options.bias ?? true }),
    add: (path, inputs) => node(path, "add", inputs, {}),
    multiply: (path, x, by) => node(path, "multiply", [x, by], {}),
    concat: (path, inputs) => node(path, "concat", inputs, {}),
    dropout: (path, x, rate) => node(path, "dropout", [x], { rate }),
    dropPath: (path, x, depthFraction) => node(path, "dropPath", [x], { depthFraction }),
    zero: (path, x, options) => node(path, "zero", [x], { stride: options?.stride ?? 1 }),
    slice: (path, x, attributes) => node(path, "slice", [x], attributes),
    pad: (path, x, attributes) => node(path, "pad", [x], attributes),
  };

  const outputs = asOutputs(build(builder));
  const isTensor = (tensor: Tensor | undefined): boolean =>
    tensor !== undefined && known.get(tensor.id) === tensor && tensor.shape.length === 1;
  for (const [role, tensor] of Object.entries(outputs)) {
    if (!isTensor(tensor)) {
      const what = "a tensor [classes] made by this builder and returned by the function that builds";
      const received = tensor && { id: tensor.id, shape: tensor.shape };
      throw new CellwrightError("shape", expected(`${name}: ${role}`, what, received));
    }
  }
  const { logits, auxiliary } = outputs as { readonly logits: Tensor; readonly auxiliary?: Tensor };
  if (auxiliary !== undefined && auxiliary.channels !== logits.channels) {
    const place = `${name}: auxiliary`;
    throw new CellwrightError(
      "shape",
      expected(place, `${logits.channels} classes as in the logits`, auxiliary.channels),
    );
  }
  return {
    name,
    nodes,
    outputs: { logits: logits.id, ...(auxiliary === undefined ? {} : { auxiliary: auxiliary.id }) },
  };
}
