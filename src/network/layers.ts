/**
 * @file Layers as values: what a cell chooses among. `separable(3)` is a function that adds a separable convolution to a network under
 * construction; it is told its path, how many filters and which stride. All follow NASNet (section 3.1 and the slim code):
 * convolutions are activation, convolution, batch norm, without bias.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { NetworkBuilder, Size, Tensor } from "./builder.ts";
import type { Pair } from "./network.ts";

export interface LayerOptions {
  /** Path that the layer's nodes begin with: `cell3/block1/left`. */
  readonly path: string;
  /** Output channels. */
  readonly filters: number;
  /** 1 or 2, the same in rows and columns. */
  readonly stride: number;
}

/** Adds nodes to `net` that read `x` `[h, w, c]` and give `[ceil(h / stride), ceil(w / stride), filters]`. */
export type Layer = (net: NetworkBuilder, x: Tensor, options: LayerOptions) => Tensor;

function activationConvNorm(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  options: { filters: number; kernel: Size; stride: Size; dilation?: number },
): Tensor {
  const active = net.activate(`${path}/act`, x);
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, active, options));
}

/** A convolution: activation, convolution, batch norm. */
export function conv(kernel: Size, options: { readonly dilation?: number } = {}): Layer {
  return (net, x, { path, filters, stride }) =>
    activationConvNorm(net, x, path, { filters, kernel, stride, dilation: options.dilation ?? 1 });
}

/** A 1 x k convolution and then a k x 1, each with its activation and batch norm; the stride's columns go to the first, its rows to the second. */
export function factorized(size: number): Layer {
  return (net, x, { path, filters, stride }) => {
    const row: Pair = [1, size];
    const column: Pair = [size, 1];
    const wide = activationConvNorm(net, x, `${path}/row`, { filters, kernel: row, stride: [1, stride] });
    return activationConvNorm(net, wide, `${path}/column`, { filters, kernel: column, stride: [stride, 1] });
  };
}

/** A depthwise separable convolution, applied `repeats` times (NASNet: twice); only the first is strided. Nothing stands between depthwise and pointwise. Throws `space` on no repeats. */
export function separable(
  kernel: number,
  options: { readonly repeats?: number; readonly dilation?: number } = {},
): Layer {
  const { repeats = 2, dilation = 1 } = options;
  if (!Number.isSafeInteger(repeats) || repeats < 1)
    throw new CellwrightError("space", expected("separable: repeats", "a whole number of 1 or more", repeats));
  return (net, x, { path, filters, stride }) => {
    let result = x;
    for (let i = 0; i < repeats; i++) {
      const at = `${path}/sep${i}`;
      const active = net.activate(`${at}/act`, result);
      const deep = net.depthwiseConv(`${at}/dw`, active, { kernel, stride: i === 0 ? stride : 1, dilation });
      result = net.batchNorm(`${at}/bn`, net.conv(`${at}/pw`, deep, { filters, kernel: 1 }));
    }
    return result;
  };
}

/** A pool of the largest or the mean (padding not counted); where channels differ from `filters`, a 1x1 convolution and batch norm follow (no activation). */
export function pool(kind: "max" | "avg", kernel: number): Layer {
  if (kind !== "max" && kind !== "avg") throw new CellwrightError("space", expected("pool", '"max" or "avg"', kind));
  return (net, x, { path, filters, stride }) => {
    const window = { kernel, stride };
    const pooled = kind === "max" ? net.maxPool(`${path}/pool`, x, window) : net.avgPool(`${path}/pool`, x, window);
    if (pooled.channels === filters) return pooled;
    return net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, pooled, { filters, kernel: 1 }));
  };
}

/** Passes the tensor on; where stride or channels forbid that, activation, 1x1 convolution and batch norm. */
export function identity(): Layer {
  return (net, x, { path, filters, stride }) =>
    stride === 1 && x.channels === filters ? x : activationConvNorm(net, x, path, { filters, kernel: 1, stride });
}

/** Zeros, for spaces where an edge may be absent. */
export function none(): Layer {
  return (net, x, { path, filters, stride }) => {
    const zeros = net.zero(`${path}/zero`, x, { stride });
    // The channels must fit: a 1x1 convolution of zeros is zeros.
    return zeros.channels === filters ? zeros : net.conv(`${path}/conv`, zeros, { filters, kernel: 1 });
  };
}

/**
 * An operation of one's own out of others, one after another: `sequence(conv(1), separable(3))`. The first takes the stride; each gives `filters` channels.
 * Throws `space` on no layers.
 */
export function sequence(...layers: readonly Layer[]): Layer {
  if (layers.length === 0) throw new CellwrightError("space", expected("sequence", "at least one layer", layers));
  return (net, x, { path, filters, stride }) =>
    layers.reduce(
      (result, layer, i) => layer(net, result, { path: `${path}/part${i}`, filters, stride: i === 0 ? stride : 1 }),
      x,
    );
}
