/**
 * @file Networks that are valid and that nobody would draw: windows larger than their image, padding beyond the kernel, strides over it, groups of every
 * size, vectors and images mixed, heads on anything that is a vector. What an engine must take, as src/network does.
 */
import { CellwrightError, unreachable } from "../../src/base/errors.ts";
import type { Rng } from "../../src/base/rng.ts";
import {
  network,
  type Network,
  type NetworkBuilder,
  type Padding,
  type Pair,
  type Tensor,
} from "../../src/network/index.ts";
import { activationNames } from "../../src/network/ops/activation.ts";

export interface AnyNetworkOptions {
  /** Steps that are tried. */
  readonly length: number;
  /** Of the image. Default 12. */
  readonly maxSide?: number;
  /** Of the image. Default 40. */
  readonly maxChannels?: number;
  /** Numbers of the largest tensor, so that the reference engine takes milliseconds. Default 6000. */
  readonly mostNumbers?: number;
}

const imageOps = [
  "conv",
  "depthwiseConv",
  "batchNorm",
  "localResponseNorm",
  "channelShuffle",
  "activate",
  "maxPool",
  "avgPool",
  "globalAvgPool",
  "adaptiveAvgPool",
  "adaptiveMaxPool",
  "spatialPyramidPool",
  "flatten",
  "add",
  "multiply",
  "concat",
  "dropout",
  "dropPath",
  "zero",
  "slice",
  "channelSlice",
  "pad",
] as const;
const vectorOps = [
  "dense",
  "batchNorm",
  "activate",
  "add",
  "multiply",
  "concat",
  "dropout",
  "dropPath",
  "zero",
] as const;

const pair = (rng: Rng, most: number): Pair => [1 + rng.int(most), 1 + rng.int(most)];

/** Any padding below `most` rows and columns. */
function anyPadding(rng: Rng, most: Pair): Padding {
  const kind = rng.int(4);
  if (kind === 0) return "same";
  if (kind === 1) return "valid";
  const [rows, columns] = most;
  return { top: rng.int(rows), bottom: rng.int(rows), left: rng.int(columns), right: rng.int(columns) };
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
}

function addToVector(net: NetworkBuilder, rng: Rng, id: string, x: Tensor, tensors: readonly Tensor[]): Tensor {
  const alike = tensors.filter((t) => t.shape.length === 1 && t.channels === x.channels);
  const op = rng.pick(vectorOps);
  switch (op) {
    case "dense":
      return net.dense(id, x, { units: 1 + rng.int(20), bias: rng.int(2) === 0 });
    case "batchNorm":
      return net.batchNorm(id, x);
    case "activate":
      return net.activate(id, x, rng.pick(activationNames));
    case "add":
      return net.add(id, [x, rng.pick(alike), ...(rng.int(3) === 0 ? [rng.pick(alike)] : [])]);
    case "multiply":
      return net.multiply(id, x, rng.pick(alike));
    case "concat":
      return net.concat(id, [x, rng.pick(tensors.filter((t) => t.shape.length === 1))]);
    case "dropout":
      return net.dropout(id, x, rng.pick([0, 0.4]));
    case "dropPath":
      return net.dropPath(id, x, rng.pick([0, 0.5, 1]));
    case "zero":
      return net.zero(id, x);
    default:
      return unreachable(op);
  }
}

function addToImage(net: NetworkBuilder, rng: Rng, id: string, x: Tensor, tensors: readonly Tensor[]): Tensor {
  const [h, w, c] = x.shape as readonly [number, number, number];
  const images = tensors.filter((t) => t.shape.length === 3);
  const alike = images.filter((t) => t.shape.join() === x.shape.join());
  const kernel = pair(rng, rng.pick([1, 3, 5]));
  const stride = pair(rng, rng.pick([1, 2, 4]));
  const dilation = pair(rng, rng.pick([1, 1, 3]));
  const op = rng.pick(imageOps);
  switch (op) {
    case "conv": {
      const groups = rng.pick([1, ...divisors(c)]);
      const isWhole = rng.int(6) === 0 && h * w < 200;
      return net.conv(id, x, {
        filters: groups * (1 + rng.int(rng.pick([2, Math.max(2, Math.ceil(60 / groups))]))),
        groups,
        bias: rng.int(2) === 0,
        stride,
        ...(isWhole
          ? { kernel: [h, w], padding: "valid" as const }
          : { kernel, dilation, padding: anyPadding(rng, [kernel[0] + 3, kernel[1] + 3]) }),
      });
    }
    case "depthwiseConv":
      return net.depthwiseConv(id, x, {
        kernel,
        stride,
        dilation,
        padding: anyPadding(rng, [kernel[0] + 3, kernel[1] + 3]),
        bias: rng.int(2) === 0,
      });
    case "batchNorm":
      return net.batchNorm(id, x);
    case "localResponseNorm":
      return net.localResponseNorm(id, x, {
        size: 1 + rng.int(rng.pick([6, 40])),
        alpha: 0.5,
        beta: rng.pick([0.5, 0.75, 1, 1.3]),
        k: rng.pick([1, 2]),
      });
    case "channelShuffle":
      return net.channelShuffle(id, x, rng.pick(divisors(c)));
    case "activate":
      return net.activate(id, x, rng.pick(activationNames));
    case "maxPool":
      return net.maxPool(id, x, { kernel, stride, padding: anyPadding(rng, kernel) });
    case "avgPool":
      return net.avgPool(id, x, { kernel, stride, padding: anyPadding(rng, kernel) });
    case "globalAvgPool":
      return net.globalAvgPool(id, x, { keepDims: rng.int(2) === 0 });
    case "adaptiveAvgPool":
      return net.adaptiveAvgPool(id, x, rng.pick([1, [h, w], pair(rng, 4), pair(rng, 2 * h)]));
    case "adaptiveMaxPool":
      return net.adaptiveMaxPool(id, x, rng.pick([1, [h, w], pair(rng, 4), pair(rng, 2 * w)]));
    case "spatialPyramidPool":
      return net.spatialPyramidPool(id, x, rng.pick([[4, 2, 1], [3], [2, 1], [5, 3]]));
    case "flatten":
      return net.flatten(id, x);
    case "add":
      return net.add(id, [x, rng.pick(alike), ...(rng.int(3) === 0 ? [rng.pick(alike)] : [])]);
    case "multiply": {
      const factors = tensors.filter(
        (t) => t.channels === c && (t.shape.length === 1 || t.shape[0] * t.shape[1] === 1),
      );
      return net.multiply(id, x, rng.int(2) === 0 && factors.length > 0 ? rng.pick(factors) : rng.pick(alike));
    }
    case "concat": {
      const level = images.filter((t) => t.shape[0] === h && t.shape[1] === w);
      return net.concat(id, [x, rng.pick(level), ...(rng.int(3) === 0 ? [rng.pick(level)] : [])]);
    }
    case "dropout":
      return net.dropout(id, x, rng.pick([0, 0.4]));
    case "dropPath":
      return net.dropPath(id, x, rng.pick([0, 0.5, 1]));
    case "zero":
      return net.zero(id, x, { stride: 1 + rng.int(3) });
    case "channelSlice": {
      const first = rng.int(c);
      return net.channelSlice(id, x, { first, count: 1 + rng.int(c - first) });
    }
    case "slice": {
      const [top, left] = [rng.int(h), rng.int(w)];
      return net.slice(id, x, { top, left, height: 1 + rng.int(h - top), width: 1 + rng.int(w - left) });
    }
    case "pad":
      return net.pad(id, x, { top: rng.int(3), bottom: rng.int(3), left: rng.int(3), right: rng.int(3) });
    default:
      return unreachable(op);
  }
}

/** Returns a network of random steps; its logits, and often an auxiliary head's, are any vectors of it. The same stream gives the same network. */
export function anyNetwork(rng: Rng, options: AnyNetworkOptions): Network {
  const { length, maxSide = 12, maxChannels = 40, mostNumbers = 6000 } = options;
  const isSmall = (x: Tensor): boolean => x.shape.reduce<number>((product, n) => product * n, 1) <= mostNumbers;
  const side = (): number => 1 + rng.int(rng.pick([3, maxSide]));
  const channels = (): number => 1 + rng.int(rng.pick([4, maxChannels]));
  const input = rng.int(10) === 0 ? ([channels()] as const) : ([side(), side(), channels()] as const);
  return network(
    rng.label.replaceAll(/[^\w.-]+/gu, "-"),
    input,
    (net) => {
      const tensors: Tensor[] = [net.input];
      for (let i = 0; i < length; i++) {
        const images = tensors.filter((t) => t.shape.length === 3);
        const x = rng.pick([
          tensors.at(-1) as Tensor,
          rng.pick(tensors),
          rng.pick(images.length > 0 ? images : tensors),
        ]);
        try {
          const add = x.shape.length === 1 ? addToVector : addToImage;
          const made = add(net, rng, `n${i}`, x, tensors);
          if (isSmall(made)) tensors.push(made);
        } catch (error) {
          // A window that doesn't fit: try something else.
          if (!(error instanceof CellwrightError)) throw error;
        }
      }
      const toVector = (x: Tensor, id: string): Tensor => {
        if (x.shape.length === 1) return x;
        return rng.int(2) === 0 ? net.globalAvgPool(id, x) : net.flatten(id, x);
      };
      const last = toVector(tensors.at(-1) as Tensor, "last");
      const logits =
        rng.int(3) === 0 && last.channels > 1 ? last : net.dense("logits", last, { units: 2 + rng.int(20) });
      const kind = rng.int(4);
      if (kind < 2) return logits;
      if (kind === 2) return { logits, auxiliary: logits };
      const extra = toVector(rng.pick(tensors), "extra");
      return { logits, auxiliary: net.dense("auxiliary", extra, { units: logits.channels }) };
    },
    { batchNorm: { epsilon: 1e-2, momentum: 0.9 } },
  );
}
