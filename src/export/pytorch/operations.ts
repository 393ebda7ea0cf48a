/**
 * @file How each operation is written in PyTorch: as a module that is made once, or as an expression. Tensors are NCHW there, NHWC here;
 * the batch is axis 0 in both.
 */
import type { ActivationName, Padding } from "../../network/network.ts";
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
import { pythonBoolean, pythonFraction, pythonNumber, pythonText } from "../python/names.ts";
import { make, type PythonClass } from "../python/values.ts";

const padding = { padding: '"same"' };
/** Classes of the prelude (prelude.ts), by the names they have there. */
const CONV: PythonClass = {
  name: "Conv",
  positional: ["channels", "filters"],
  defaults: { stride: "1", dilation: "1", groups: "1", bias: "False", ...padding },
};
const DEPTHWISE_CONV: PythonClass = {
  name: "DepthwiseConv",
  positional: ["channels"],
  defaults: { stride: "1", dilation: "1", bias: "False", ...padding },
};
const MAX_POOL: PythonClass = { name: "MaxPool", positional: ["kernel"], defaults: { stride: "1", ...padding } };
const AVG_POOL: PythonClass = { name: "AvgPool", positional: ["kernel"], defaults: { stride: "1", ...padding } };
const CHANNEL_SHUFFLE: PythonClass = { name: "ChannelShuffle", positional: ["groups"], defaults: {} };
const DROP_PATH: PythonClass = { name: "DropPath", positional: ["depth_fraction"], defaults: {} };
/** Classes of torch. Their defaults have been these since 1.0. */
const BATCH_NORM_DEFAULTS = { eps: "0.00001", momentum: "0.1", affine: "True" };
const BATCH_NORM_1D: PythonClass = {
  name: "nn.BatchNorm1d",
  positional: ["num_features"],
  defaults: BATCH_NORM_DEFAULTS,
};
const BATCH_NORM_2D: PythonClass = {
  name: "nn.BatchNorm2d",
  positional: ["num_features"],
  defaults: BATCH_NORM_DEFAULTS,
};
const LINEAR: PythonClass = {
  name: "nn.Linear",
  positional: ["in_features", "out_features"],
  defaults: { bias: "True" },
};
const LOCAL_RESPONSE_NORM: PythonClass = {
  name: "nn.LocalResponseNorm",
  positional: ["size"],
  defaults: { alpha: "0.0001", beta: "0.75", k: "1" },
};
const DROPOUT: PythonClass = { name: "nn.Dropout", positional: ["p"], defaults: {} };

const ACTIVATIONS: Readonly<Record<ActivationName, string>> = {
  relu: "F.relu",
  relu6: "F.relu6",
  swish: "F.silu",
  hswish: "F.hardswish",
  sigmoid: "torch.sigmoid",
  hsigmoid: "F.hardsigmoid",
  tanh: "torch.tanh",
};

export const operations: OperationTable = {
  input: expression((_, __, operands) => operands[0] ?? tight("x")),
  conv: module((a, [input]) =>
    make(CONV, {
      channels: String(channelsOf(input)),
      filters: String(a.filters),
      kernel: pair(a.kernel),
      stride: pair(a.stride),
      dilation: pair(a.dilation),
      groups: String(a.groups),
      bias: pythonBoolean(a.bias),
      padding: pad(a.padding),
    }),
  ),
  depthwiseConv: module((a, [input]) =>
    make(DEPTHWISE_CONV, {
      channels: String(channelsOf(input)),
      kernel: pair(a.kernel),
      stride: pair(a.stride),
      dilation: pair(a.dilation),
      bias: pythonBoolean(a.bias),
      padding: pad(a.padding),
    }),
  ),
  batchNorm: module((a, [input]) =>
    make(input?.length === 3 ? BATCH_NORM_2D : BATCH_NORM_1D, {
      num_features: String(channelsOf(input)),
      eps: pythonNumber(a.epsilon),
      // Torch weighs the new value, we weigh the old one.
      momentum: pythonNumber(1 - a.momentum),
      affine: pythonBoolean(a.affine ?? true),
    }),
  ),
  localResponseNorm: module((a) =>
    make(LOCAL_RESPONSE_NORM, {
      size: String(a.size),
      alpha: pythonNumber(a.alpha),
      beta: pythonNumber(a.beta),
      k: pythonNumber(a.k),
    }),
  ),
  channelShuffle: module((a) => make(CHANNEL_SHUFFLE, { groups: String(a.groups) })),
  channelSlice: expression((a, [input], [x]) => {
    // Halves are said as halves: so units of all widths are written alike.
    const channels = channelsOf(input);
    if (2 * a.count === channels && a.first % a.count === 0) return suffix(x, `.chunk(2, dim=1)[${a.first / a.count}]`);
    return suffix(x, `[:, ${range(a.first, a.count, channels)}]`);
  }),
  activation: expression((a, _, [x]) => call(ACTIVATIONS[a.fn], x)),
  maxPool: module((a) => make(MAX_POOL, { kernel: pair(a.kernel), stride: pair(a.stride), padding: pad(a.padding) })),
  avgPool: module((a) => make(AVG_POOL, { kernel: pair(a.kernel), stride: pair(a.stride), padding: pad(a.padding) })),
  globalAvgPool: expression((a, _, [x]) =>
    suffix(x, a.keepDims ? ".mean(dim=(2, 3), keepdim=True)" : ".mean(dim=(2, 3))"),
  ),
  adaptiveAvgPool: expression((a, _, [x]) => tight(`F.adaptive_avg_pool2d(${x?.text}, ${pair(a.size)})`)),
  adaptiveMaxPool: expression((a, _, [x]) => tight(`F.adaptive_max_pool2d(${x?.text}, ${pair(a.size)})`)),
  flatten: expression((_, __, [x]) => suffix(x, ".permute(0, 2, 3, 1).flatten(1)")),
  dense: module((a, [input]) =>
    make(LINEAR, {
      in_features: String(channelsOf(input)),
      out_features: String(a.units),
      bias: pythonBoolean(a.bias),
    }),
  ),
  add: expression((_, __, operands) => joined(operands, "+")),
  multiply: expression((_, inputs, operands) => {
    const images = inputs.some((shape) => shape.length === 3);
    return joined(
      operands.map((x, index) => (images && inputs[index]?.length === 1 ? suffix(x, "[:, :, None, None]") : x)),
      "*",
    );
  }),
  concat: expression((_, __, operands) => tight(`torch.cat([${operands.map((x) => x.text).join(", ")}], dim=1)`)),
  dropout: module((a) => make(DROPOUT, { p: pythonNumber(a.rate) })),
  dropPath: module((a) => make(DROP_PATH, { depth_fraction: pythonFraction(a.depthFraction) })),
  zero: expression((a, _, [x]) =>
    call("torch.zeros_like", a.stride === 1 ? x : suffix(x, `[:, :, ::${a.stride}, ::${a.stride}]`)),
  ),
  slice: expression((a, [input], [x]) => {
    const [height = 0, width = 0] = input ?? [];
    return suffix(x, `[:, :, ${range(a.top, a.height, height)}, ${range(a.left, a.width, width)}]`);
  }),
  pad: expression((a, _, [x]) => tight(`F.pad(${x?.text}, (${a.left}, ${a.right}, ${a.top}, ${a.bottom}))`)),
};

function pad(value: Padding): string {
  if (typeof value === "string") return pythonText(value);
  if (new Set(Object.values(value)).size === 1) return String(value.top);
  return `(${value.top}, ${value.bottom}, ${value.left}, ${value.right})`;
}
