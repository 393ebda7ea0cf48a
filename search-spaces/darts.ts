/**
 * @file The discrete space of DARTS (Liu, Simonyan and Yang 2019, arXiv 1806.09055, section 2.1): a Normal and a Reduction cell of four nodes, each the sum of
 * two operations on two of the states before it. Wiring follows the released code (quark0/darts, cnn/model.py), on which every published size depends.
 *
 * State 0 of a cell is the output of the cell before the last, 1 that of the last (NASNet counts the other way round), 2 + i its node i. The output is
 * all nodes, concatenated.
 */
import { CellwrightError, expected, unreachable } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { choice, defineSpace, type ScaleFactors } from "cellwright/space";
import { factorizedReduction } from "./nasnet/cell.ts";
import { around } from "./torch-padding.ts";
import { grownInput } from "./grown-input.ts";

/** Those that a discrete cell may have, in the released order; `none` is for the continuous relaxation alone. */
export const dartsOperations = [
  "max_pool_3x3",
  "avg_pool_3x3",
  "skip_connect",
  "sep_conv_3x3",
  "sep_conv_5x5",
  "dil_conv_3x3",
  "dil_conv_5x5",
] as const;

export type DartsOperation = (typeof dartsOperations)[number];

const operation = choice(dartsOperations, { role: "operation" });
const operations = { first: operation, second: operation };

/** Which two states a node reads, the earlier one first. */
const cell = {
  node0: { inputs: choice(["0,1"], { role: "input" }), ...operations },
  node1: { inputs: choice(["0,1", "0,2", "1,2"], { role: "input" }), ...operations },
  node2: { inputs: choice(["0,1", "0,2", "0,3", "1,2", "1,3", "2,3"], { role: "input" }), ...operations },
  node3: {
    inputs: choice(["0,1", "0,2", "0,3", "0,4", "1,2", "1,3", "1,4", "2,3", "2,4", "3,4"], { role: "input" }),
    ...operations,
  },
};

interface DartsNode {
  readonly inputs: string;
  readonly first: DartsOperation;
  readonly second: DartsOperation;
}

type DartsCell = Readonly<Record<keyof typeof cell, DartsNode>>;

/** What is given, not searched. */
const skeleton = {
  input: [32, 32, 3],
  classes: 10,
  /** L in the paper: cells in all, Reduction cells at a third and at two thirds of them. */
  cells: 20,
  /** C: filters of the first cells; each Reduction cell doubles them. */
  filters: 36,
  /** `cifar`: one 3x3 convolution to 3 C. `imagenet`: three of stride 2, an eighth of the size. */
  stem: "cifar" as "cifar" | "imagenet",
  auxiliary: false,
  /** Whether operations' results are dropped in training; the rate is the recipe's, the same for every cell. */
  dropPath: true,
  batchNorm: { epsilon: 1e-5, momentum: 0.9 },
} satisfies DartsSkeleton;

export interface DartsSkeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly cells: number;
  readonly filters: number;
  readonly stem: "cifar" | "imagenet";
  readonly auxiliary: boolean;
  readonly dropPath: boolean;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

function activationConvNorm(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  const active = net.activate(`${path}/act`, x);
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, active, { filters, kernel: 1 }));
}

/** Activation, depthwise convolution, 1x1 convolution, batch norm. */
function depthwiseSeparable(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  { kernel, stride, dilation = 1 }: { readonly kernel: number; readonly stride: number; readonly dilation?: number },
): Tensor {
  const active = net.activate(`${path}/act`, x);
  const padding = around((dilation * (kernel - 1)) / 2);
  const deep = net.depthwiseConv(`${path}/dw`, active, { kernel, stride, dilation, padding });
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/pw`, deep, { filters: x.channels, kernel: 1 }));
}

/** Adds an operation with as many channels as its input has. */
export function applyDarts(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  operation: DartsOperation,
  stride: 1 | 2,
): Tensor {
  const separable = (kernel: number): Tensor =>
    depthwiseSeparable(net, depthwiseSeparable(net, x, `${path}/sep0`, { kernel, stride }), `${path}/sep1`, {
      kernel,
      stride: 1,
    });
  switch (operation) {
    case "max_pool_3x3":
      return net.maxPool(`${path}/pool`, x, { kernel: 3, stride, padding: around(1) });
    case "avg_pool_3x3":
      return net.avgPool(`${path}/pool`, x, { kernel: 3, stride, padding: around(1) });
    case "skip_connect":
      return stride === 1 ? x : factorizedReduction(net, net.activate(`${path}/act`, x), path, x.channels, 2);
    case "sep_conv_3x3":
      return separable(3);
    case "sep_conv_5x5":
      return separable(5);
    case "dil_conv_3x3":
      return depthwiseSeparable(net, x, path, { kernel: 3, stride, dilation: 2 });
    case "dil_conv_5x5":
      return depthwiseSeparable(net, x, path, { kernel: 5, stride, dilation: 2 });
    default:
      return unreachable(operation);
  }
}

interface Site {
  readonly path: string;
  readonly filters: number;
  readonly stride: 1 | 2;
  readonly dropPath: boolean;
}

/** A cell's two inputs, with its filters and in one size: states 0 and 1. */
export function cellInputs(
  net: NetworkBuilder,
  before: Tensor,
  last: Tensor,
  { path, filters }: { readonly path: string; readonly filters: number },
): [Tensor, Tensor] {
  const isLarger = before.shape[0] !== last.shape[0];
  const first = isLarger
    ? factorizedReduction(net, net.activate(`${path}/before/act`, before), `${path}/before`, filters, 2)
    : activationConvNorm(net, before, `${path}/before`, filters);
  return [first, activationConvNorm(net, last, `${path}/last`, filters)];
}

function addCell(net: NetworkBuilder, before: Tensor, last: Tensor, cell: DartsCell, site: Site): Tensor {
  const { path, stride, dropPath } = site;
  const states: Tensor[] = cellInputs(net, before, last, site);
  for (const [i, node] of [cell.node0, cell.node1, cell.node2, cell.node3].entries()) {
    const terms = node.inputs.split(",").map((input, side) => {
      const at = `${path}/node${i}/${side === 0 ? "first" : "second"}`;
      const from = Number(input);
      const step = from < 2 ? stride : 1;
      const operation = side === 0 ? node.first : node.second;
      const result = applyDarts(net, states[from] as Tensor, at, operation, step);
      const isKept = !dropPath || (operation === "skip_connect" && step === 1);
      return isKept ? result : net.dropPath(`${at}/drop`, result, 1);
    });
    states.push(net.add(`${path}/node${i}/add`, terms));
  }
  return net.concat(`${path}/concat`, states.slice(2));
}

/** The stem: what the first cell gets as the cell before the last, and as the last. */
function addStem(net: NetworkBuilder, { stem, filters }: DartsSkeleton): readonly [Tensor, Tensor] {
  const convNorm = (path: string, x: Tensor, to: number, stride: number): Tensor =>
    net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, x, { filters: to, kernel: 3, stride, padding: around(1) }));
  if (stem === "cifar") {
    const x = convNorm("stem", net.input, 3 * filters, 1);
    return [x, x];
  }
  const half = convNorm("stem0/a", net.input, Math.floor(filters / 2), 2);
  const quarter = convNorm("stem0/b", net.activate("stem0/act", half), filters, 2);
  return [quarter, convNorm("stem1", net.activate("stem1/act", quarter), filters, 2)];
}

/** The released auxiliary heads: that for ImageNet pools with stride 2, and its last convolution has no batch norm. */
function addAuxiliary(net: NetworkBuilder, x: Tensor, { classes, stem }: DartsSkeleton): Tensor {
  const window = { kernel: 5, stride: stem === "cifar" ? 3 : 2, padding: "valid" } as const;
  const pooled = net.avgPool("auxiliary/pool", net.activate("auxiliary/act", x), window);
  const narrow = net.batchNorm("auxiliary/a/bn", net.conv("auxiliary/a/conv", pooled, { filters: 128, kernel: 1 }));
  const active = net.activate("auxiliary/a/act", narrow);
  const wide = net.conv("auxiliary/b/conv", active, { filters: 768, kernel: 2, padding: "valid" });
  const features = net.activate("auxiliary/b/act", stem === "cifar" ? net.batchNorm("auxiliary/b/bn", wide) : wide);
  return net.dense("auxiliary/dense", net.flatten("auxiliary/flatten", features), { units: classes });
}

/** Some 200,000 nodes. */
const MAX_CELLS = 3_000;

function checkSkeleton({ classes, cells, filters, stem }: DartsSkeleton): void {
  const problems: string[] = [];
  for (const [key, value, min, max] of [
    ["classes", classes, 1, Number.MAX_SAFE_INTEGER],
    ["cells", cells, 3, MAX_CELLS],
    ["filters", filters, 1, Number.MAX_SAFE_INTEGER],
  ] as const)
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      const most = max === MAX_CELLS ? ` to ${max}` : " or more";
      problems.push(expected(`skeleton.${key}`, `a whole number of ${min}${most}`, value));
    }
  if (stem !== "cifar" && stem !== "imagenet") problems.push(expected("skeleton.stem", '"cifar" or "imagenet"', stem));
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

interface DartsCells {
  readonly normal: DartsCell;
  readonly reduction: DartsCell;
}

function dartsNetwork({ normal, reduction }: DartsCells, skeleton: DartsSkeleton): Network {
  checkSkeleton(skeleton);
  const { input, cells, classes, dropPath, batchNorm } = skeleton;
  const reductions = [Math.floor(cells / 3), Math.floor((2 * cells) / 3)];
  return network(
    "darts",
    input,
    (net) => {
      let [before, last] = addStem(net, skeleton);
      let { filters } = skeleton;
      let auxiliary: Tensor | undefined;
      for (let i = 0; i < cells; i++) {
        const reduces = reductions.includes(i);
        if (reduces) filters *= 2;
        const site = { path: `cell${i}`, filters, stride: reduces ? 2 : 1, dropPath } as const;
        [before, last] = [last, addCell(net, before, last, reduces ? reduction : normal, site)];
        if (skeleton.auxiliary && i === reductions[1]) auxiliary = addAuxiliary(net, last, skeleton);
      }
      const logits = net.dense("head/dense", net.globalAvgPool("head/pool", last), { units: classes });
      return { logits, ...(auxiliary && { auxiliary }) };
    },
    { batchNorm },
  );
}

/** Deeper, wider, and for larger images; height and width, where they grow, to a multiple of all strides together. */
function scale<S extends DartsSkeleton>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  const stride = skeleton.stem === "imagenet" ? 32 : 4;
  return {
    ...skeleton,
    cells: Math.max(3, Math.round(skeleton.cells * depth)),
    filters: Math.max(2, 2 * Math.round((skeleton.filters * width) / 2)),
    input: grownInput(skeleton.input, resolution, stride),
  };
}

/** 1.0e9 cells of each kind: product over the nodes of (pairs of states) x 7^2. */
export const darts = defineSpace({
  name: "darts",
  version: 1,
  skeleton,
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => ({ network: dartsNetwork(choices, skeleton) }),
  scaleSkeleton: scale,
  named: {
    /** Of the first-order approximation. */
    "darts-v1": {
      normal: {
        node0: { inputs: "0,1", first: "sep_conv_3x3", second: "sep_conv_3x3" },
        node1: { inputs: "0,1", first: "skip_connect", second: "sep_conv_3x3" },
        node2: { inputs: "0,1", first: "skip_connect", second: "sep_conv_3x3" },
        node3: { inputs: "0,2", first: "sep_conv_3x3", second: "skip_connect" },
      },
      reduction: {
        node0: { inputs: "0,1", first: "max_pool_3x3", second: "max_pool_3x3" },
        node1: { inputs: "0,2", first: "max_pool_3x3", second: "skip_connect" },
        node2: { inputs: "0,2", first: "max_pool_3x3", second: "skip_connect" },
        node3: { inputs: "0,2", first: "avg_pool_3x3", second: "skip_connect" },
      },
    },
    /** Of the second-order approximation: the paper's result. */
    "darts-v2": {
      normal: {
        node0: { inputs: "0,1", first: "sep_conv_3x3", second: "sep_conv_3x3" },
        node1: { inputs: "0,1", first: "sep_conv_3x3", second: "sep_conv_3x3" },
        node2: { inputs: "0,1", first: "skip_connect", second: "sep_conv_3x3" },
        node3: { inputs: "0,2", first: "skip_connect", second: "dil_conv_3x3" },
      },
      reduction: {
        node0: { inputs: "0,1", first: "max_pool_3x3", second: "max_pool_3x3" },
        node1: { inputs: "1,2", first: "max_pool_3x3", second: "skip_connect" },
        node2: { inputs: "0,2", first: "max_pool_3x3", second: "skip_connect" },
        node3: { inputs: "1,2", first: "max_pool_3x3", second: "skip_connect" },
      },
    },
  },
});
