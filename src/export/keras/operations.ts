/**
 * @file How each operation is written in Keras 3: as a layer that is made once, or as an expression of keras.ops. Tensors are NHWC in both, and
 * `same` means the same. What Keras has no layer for (explicit padding, a stride with a dilation) is one of its layers within one of the prelude.
 */
import type { ActivationName, OpAttributes, Padding, Pair, Shape } from "../../network/network.ts";
import { windowGeometry } from "../../network/ops/window.ts";
import {
  call,
  channelsOf,
  expression,
  joined,
  module,
  pair,
  range,
  suffix,
  tight,
  type OperationTable,
} from "../python/framework.ts";
import { pythonBoolean, pythonNumber, pythonText } from "../python/names.ts";
import { literal, make, type Make, type PythonClass } from "../python/values.ts";

/** Classes of Keras, with the defaults that they have had since 3.0. */
const CONV: PythonClass = {
  name: "layers.Conv2D",
  positional: ["filters", "kernel_size"],
  defaults: { strides: "1", padding: '"valid"', dilation_rate: "1", groups: "1", use_bias: "True" },
};
const DEPTHWISE_CONV: PythonClass = {
  name: "layers.DepthwiseConv2D",
  positional: ["kernel_size"],
  defaults: { strides: "1", padding: '"valid"', dilation_rate: "1", use_bias: "True" },
};
const BATCH_NORM: PythonClass = {
  name: "layers.BatchNormalization",
  positional: [],
  defaults: { momentum: "0.99", epsilon: "0.001", center: "True", scale: "True" },
};
// A pool's stride is its window's size by default, so it is always said.
const MAX_POOL: PythonClass = {
  name: "layers.MaxPooling2D",
  positional: ["pool_size"],
  defaults: { padding: '"valid"' },
};
const AVG_POOL: PythonClass = {
  name: "layers.AveragePooling2D",
  positional: ["pool_size"],
  defaults: { padding: '"valid"' },
};
const GLOBAL_AVG_POOL: PythonClass = {
  name: "layers.GlobalAveragePooling2D",
  positional: [],
  defaults: { keepdims: "False" },
};
const FLATTEN: PythonClass = { name: "layers.Flatten", positional: [], defaults: {} };
const DENSE: PythonClass = { name: "layers.Dense", positional: ["units"], defaults: { use_bias: "True" } };
const DROPOUT: PythonClass = { name: "layers.Dropout", positional: ["rate"], defaults: {} };
/** Classes of the prelude (prelude.ts), by the names they have there. */
const PADDED: PythonClass = {
  name: "Padded",
  positional: ["layer", "padding"],
  defaults: { step: "1", value: "0.0" },
};
const STRIDED: PythonClass = { name: "Strided", positional: ["layer", "strides"], defaults: {} };
const PADDED_AVG_POOL: PythonClass = {
  name: "PaddedAveragePooling",
  positional: ["pool_size"],
  defaults: {},
};
const DROP_PATH: PythonClass = { name: "DropPath", positional: ["depth_fraction"], defaults: {} };

const ACTIVATIONS: Readonly<Record<ActivationName, string>> = {
  relu: "ops.relu",
  relu6: "ops.relu6",
  swish: "ops.silu",
  hswish: "ops.hard_silu",
  sigmoid: "ops.sigmoid",
  hsigmoid: "ops.hard_sigmoid",
  tanh: "ops.tanh",
};

export const operations: OperationTable = {
  input: expression((_, __, operands) => operands[0] ?? tight("x")),
  conv: module((a, [input]) =>
    convolution(CONV, { filters: String(a.filters), groups: String(a.groups) }, a, input as Shape),
  ),
  depthwiseConv: module((a, [input]) => convolution(DEPTHWISE_CONV, {}, a, input as Shape)),
  batchNorm: module((a) =>
    make(BATCH_NORM, {
      momentum: pythonNumber(a.momentum),
      epsilon: pythonNumber(a.epsilon),
      center: pythonBoolean(a.affine ?? true),
      scale: pythonBoolean(a.affine ?? true),
    }),
  ),
  localResponseNorm: expression((a, _, [x]) => {
    const numbers = [a.alpha, a.beta, a.k].map(pythonNumber);
    return tight(`local_response_norm(${x?.text}, ${a.size}, ${numbers.join(", ")})`);
  }),
  channelShuffle: expression((a, _, [x]) => tight(`channel_shuffle(${x?.text}, ${a.groups})`)),
  channelSlice: expression((a, [input], [x]) => suffix(x, `[..., ${range(a.first, a.count, channelsOf(input))}]`)),
  activation: expression((a, _, [x]) => call(ACTIVATIONS[a.fn], x)),
  maxPool: module((a) => {
    const pool = { pool_size: pair(a.kernel), strides: pair(a.stride) };
    if (typeof a.padding === "string") return make(MAX_POOL, { ...pool, padding: pythonText(a.padding) });
    return padded(make(MAX_POOL, pool), a.padding, { value: 'float("-inf")' });
  }),
  avgPool: module((a) => {
    const pool = { pool_size: pair(a.kernel), strides: pair(a.stride) };
    if (typeof a.padding === "string") return make(AVG_POOL, { ...pool, padding: pythonText(a.padding) });
    return make(PADDED_AVG_POOL, { ...pool, padding: sides(a.padding) });
  }),
  globalAvgPool: module((a) => make(GLOBAL_AVG_POOL, { keepdims: pythonBoolean(a.keepDims) })),
  adaptiveAvgPool: expression((a, _, [x]) => tight(`adaptive_pool(${x?.text}, ${a.size.join(", ")}, ops.mean)`)),
  adaptiveMaxPool: expression((a, _, [x]) => tight(`adaptive_pool(${x?.text}, ${a.size.join(", ")}, ops.max)`)),
  flatten: module(() => make(FLATTEN, {})),
  dense: module((a) => make(DENSE, { units: String(a.units), use_bias: pythonBoolean(a.bias) })),
  add: expression((_, __, operands) => joined(operands, "+")),
  multiply: expression((_, inputs, operands) => {
    const images = inputs.some((shape) => shape.length === 3);
    return joined(
      operands.map((x, index) => (images && inputs[index]?.length === 1 ? suffix(x, "[:, None, None, :]") : x)),
      "*",
    );
  }),
  concat: expression((_, __, operands) =>
    tight(`ops.concatenate([${operands.map((x) => x.text).join(", ")}], axis=-1)`),
  ),
  dropout: module((a) => make(DROPOUT, { rate: pythonNumber(a.rate) })),
  dropPath: module((a) => make(DROP_PATH, { depth_fraction: pythonNumber(a.depthFraction) })),
  zero: expression((a, _, [x]) =>
    call("ops.zeros_like", a.stride === 1 ? x : suffix(x, `[:, ::${a.stride}, ::${a.stride}]`)),
  ),
  slice: expression((a, [input], [x]) => {
    const [height = 0, width = 0] = input ?? [];
    return suffix(x, `[:, ${range(a.top, a.height, height)}, ${range(a.left, a.width, width)}]`);
  }),
  pad: expression((a, _, [x]) => tight(`pad(${x?.text}, ${sides(a)})`)),
};

/**
 * Returns a convolution. Keras pads by "same" and "valid" only, and takes a stride or a dilation, not both: such a one sees every n-th row and
 * column alone where its stride of n divides the dilation; else it is computed everywhere and thinned out.
 */
function convolution(
  of: PythonClass,
  own: Readonly<Record<string, string>>,
  a: OpAttributes["depthwiseConv"],
  input: Shape,
): Make {
  const { kernel, stride, dilation } = a;
  const layer = (strides: Pair, rate: Pair, padding: Padding): Make =>
    make(of, {
      ...own,
      kernel_size: pair(kernel),
      strides: pair(strides),
      padding: pythonText(typeof padding === "string" ? padding : "valid"),
      dilation_rate: pair(rate),
      use_bias: pythonBoolean(a.bias),
    });
  if (Math.max(...stride) === 1 || Math.max(...dilation) === 1) {
    const plain = layer(stride, dilation, a.padding);
    return typeof a.padding === "string" ? plain : padded(plain, a.padding);
  }
  const geometry = windowGeometry(input, a);
  if (dilation[0] % stride[0] === 0 && dilation[1] % stride[1] === 0) {
    const rate: Pair = [dilation[0] / stride[0], dilation[1] / stride[1]];
    return padded(layer([1, 1], rate, "valid"), geometry, { step: pair(stride) });
  }
  const everywhere = padded(layer([1, 1], dilation, "valid"), geometry);
  return {
    kind: "make",
    of: STRIDED,
    args: new Map([
      ["layer", everywhere],
      ["strides", literal(pair(stride))],
    ]),
  };
}

type Sides = Exclude<Padding, string>;

function padded(layer: Make, padding: Sides, more: Readonly<Record<string, string>> = {}): Make {
  // All arguments every time: instances of one class differ in values alone.
  const { step = "1", value = "0.0" } = more;
  return {
    kind: "make",
    of: PADDED,
    args: new Map([
      ["layer", layer],
      ["padding", literal(sides(padding))],
      ["step", literal(step)],
      ["value", literal(value)],
    ]),
  };
}

/** One number for four alike. */
function sides({ top, bottom, left, right }: Sides): string {
  return top === bottom && top === left && top === right ? String(top) : `(${top}, ${bottom}, ${left}, ${right})`;
}
