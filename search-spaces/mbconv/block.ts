/**
 * @file The mobile inverted bottleneck (Sandler et al. 2018, arXiv 1801.04381, section 3.3): expansion by a 1x1 convolution, a depthwise convolution, perhaps
 * squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507), projection without activation, and the input added where it fits. Without expansion it is a
 * depthwise separable convolution. MnasNet also has plain convolutions and pooled shortcuts.
 */
import type { ActivationName, NetworkBuilder, Padding, Tensor } from "cellwright/network";
import { aroundKernel } from "../torch-padding.ts";

/** A gate for every channel, from the means of all of them. */
export interface Squeeze {
  /** Channels between the two dense layers. */
  readonly filters: number;
  readonly activation: ActivationName;
  readonly gate: ActivationName;
}

interface AnyBlock {
  /** Rows and columns of the window. */
  readonly kernel: number;
  /** Output channels. */
  readonly filters: number;
  readonly activation: ActivationName;
  readonly squeeze?: Squeeze | undefined;
  /**
   * What is added to the result where channels agree: `identity` the input, where the block has no stride; `pool` its 3x3 average, with the block's
   * stride; `none` nothing.
   */
  readonly skip: "identity" | "pool" | "none";
}

/** A block with all its numbers known. */
export type MbconvBlock =
  /** `expanded`: channels of the depthwise convolution; those of the input for no expansion. */
  (AnyBlock & { readonly op: "mbconv"; readonly expanded: number }) | (AnyBlock & { readonly op: "conv" });

/** `same` is TensorFlow's; `symmetric` is torch's, which differs where a stride meets an even side. Sizes agree. */
export type PaddingStyle = "same" | "symmetric";

export interface BlockSite {
  readonly path: string;
  readonly stride: 1 | 2;
  readonly padding: PaddingStyle;
  /** Place among all blocks, from 0 to 1: by it a residual block is dropped in training (stochastic depth). Absent for never. */
  readonly depthFraction?: number | undefined;
}

/** Returns the padding under which a window of that (odd) size gives ceil(side / stride). */
export function paddingOf(style: PaddingStyle, kernel: number): Padding {
  return style === "same" ? "same" : aroundKernel(kernel);
}

/** Adds a gate per channel: means of the image, two dense layers with bias, a product. */
function squeezeExcite(net: NetworkBuilder, x: Tensor, path: string, { filters, activation, gate }: Squeeze): Tensor {
  const means = net.globalAvgPool(`${path}/pool`, x);
  const reduced = net.activate(`${path}/act`, net.dense(`${path}/reduce`, means, { units: filters }), activation);
  const gates = net.activate(`${path}/gate`, net.dense(`${path}/expand`, reduced, { units: x.channels }), gate);
  return net.multiply(`${path}/scale`, x, gates);
}

/** Returns what a block adds to its result, or undefined for nothing. */
function shortcut(net: NetworkBuilder, x: Tensor, { skip, filters }: MbconvBlock, site: BlockSite): Tensor | undefined {
  if (skip === "none" || x.channels !== filters) return undefined;
  const { path, stride, padding } = site;
  if (skip === "pool")
    return net.avgPool(`${path}/skip/pool`, x, { kernel: 3, stride, padding: paddingOf(padding, 3) });
  return stride === 1 ? x : undefined;
}

/** Adds a block that reads `x` `[h, w, c]` and gives `[ceil(h / stride), ceil(w / stride), filters]`. */
export function addBlock(net: NetworkBuilder, x: Tensor, block: MbconvBlock, site: BlockSite): Tensor {
  const { path, stride, depthFraction = 0 } = site;
  const { kernel, filters, activation } = block;
  const window = { kernel, stride, padding: paddingOf(site.padding, kernel) };
  const convNorm = (at: string, from: Tensor, to: number): Tensor =>
    net.batchNorm(`${path}/${at}/bn`, net.conv(`${path}/${at}/conv`, from, { filters: to, kernel: 1 }));
  const excite = (from: Tensor): Tensor =>
    block.squeeze === undefined ? from : squeezeExcite(net, from, `${path}/se`, block.squeeze);

  let result: Tensor;
  if (block.op === "conv") {
    const plain = net.batchNorm(`${path}/conv/bn`, net.conv(`${path}/conv/conv`, x, { filters, ...window }));
    result = excite(net.activate(`${path}/conv/act`, plain, activation));
  } else {
    const wide =
      block.expanded === x.channels
        ? x
        : net.activate(`${path}/expand/act`, convNorm("expand", x, block.expanded), activation);
    const deep = net.batchNorm(`${path}/dw/bn`, net.depthwiseConv(`${path}/dw/conv`, wide, window));
    result = convNorm("project", excite(net.activate(`${path}/dw/act`, deep, activation)), filters);
  }
  const beside = shortcut(net, x, block, site);
  if (beside === undefined) return result;
  const kept = depthFraction === 0 ? result : net.dropPath(`${path}/drop`, result, depthFraction);
  return net.add(`${path}/add`, [kept, beside]);
}
