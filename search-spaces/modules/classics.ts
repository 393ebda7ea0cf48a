/**
 * @file Blocks of the networks before and beside ResNet: plain convolutions (VGG; Simonyan and Zisserman 2015, arXiv 1409.1556), inception (Szegedy et al. 2015, arXiv
 * 1409.4842), dense (Huang et al. 2017, arXiv 1608.06993), separable residual (Xception; Chollet 2017, arXiv 1610.02357) and inverted residual (MobileNetV2; Sandler et al.
 * 2018, arXiv 1801.04381). All with batch norm, and given the channels of their output: what the papers state branch by branch is a share of them here.
 */
import type { NetworkBuilder, Tensor } from "cellwright/network";
import { convNorm, convNormActivate, depthwiseNorm, normActivate, squeezeExcite } from "./layers.ts";

export interface BlockSite {
  readonly path: string;
  /** Channels of the output. */
  readonly filters: number;
  readonly stride: number;
}

/** Adds a 3x3 convolution; size is halved by a pool before it. */
export function plainBlock(net: NetworkBuilder, x: Tensor, { path, filters, stride }: BlockSite): Tensor {
  const source = stride === 1 ? x : net.maxPool(`${path}/pool`, x, { kernel: 2, stride });
  return convNormActivate(net, source, path, { filters, kernel: 3 });
}

/** Adds four branches side by side in the proportions of GoogLeNet's module 3a: a quarter 1x1, half 3x3, an eighth 5x5, an eighth pooled. */
export function inceptionBlock(net: NetworkBuilder, x: Tensor, { path, filters, stride }: BlockSite): Tensor {
  const share = (eighths: number): number => Math.max(1, Math.round((filters * eighths) / 8));
  const source = stride === 1 ? x : net.maxPool(`${path}/pool`, x, { kernel: 3, stride });
  const one = convNormActivate(net, source, `${path}/one`, { filters: share(2) });
  const narrow3 = convNormActivate(net, source, `${path}/three/a`, { filters: share(3) });
  const three = convNormActivate(net, narrow3, `${path}/three/b`, { filters: share(4), kernel: 3 });
  const narrow5 = convNormActivate(net, source, `${path}/five/a`, { filters: share(0.5) });
  const five = convNormActivate(net, narrow5, `${path}/five/b`, { filters: share(1), kernel: 5 });
  const pooled = net.maxPool(`${path}/pooled/pool`, source, { kernel: 3 });
  const last = filters - one.channels - three.channels - five.channels;
  const projected = convNormActivate(net, pooled, `${path}/pooled/proj`, { filters: last });
  return net.concat(`${path}/concat`, [one, three, five, projected]);
}

/** Adds `depth` layers of a dense block, each of which reads all before it, after a transition to half of `filters`, pooled where the size is halved. */
export function denseStage(net: NetworkBuilder, x: Tensor, site: BlockSite & { readonly depth: number }): Tensor {
  const { path, filters, stride } = site;
  // Every layer adds one channel at least.
  const depth = Math.min(site.depth, filters - 1);
  const first = Math.max(1, Math.min(Math.floor(filters / 2), filters - depth));
  const active = normActivate(net, x, `${path}/transition`);
  const narrow = net.conv(`${path}/transition/conv`, active, { filters: first, kernel: 1 });
  let all = stride === 1 ? narrow : net.avgPool(`${path}/transition/pool`, narrow, { kernel: 2, stride });
  for (let layer = 0; layer < depth; layer++) {
    const until = first + Math.round(((filters - first) * (layer + 1)) / depth);
    const growth = until - all.channels;
    const at = `${path}/layer${layer}`;
    const a = normActivate(net, all, `${at}/a`);
    const b = normActivate(net, net.conv(`${at}/a/conv`, a, { filters: 4 * growth, kernel: 1 }), `${at}/b`);
    const added = net.conv(`${at}/b/conv`, b, { filters: growth, kernel: 3 });
    all = net.concat(`${at}/concat`, [all, added]);
  }
  return all;
}

/** Adds two separable convolutions, each after an activation, around which the input goes; size is halved by a pool after them. */
export function separableBlock(net: NetworkBuilder, x: Tensor, { path, filters, stride }: BlockSite): Tensor {
  const separable = (from: Tensor, at: string): Tensor => {
    const deep = net.depthwiseConv(`${at}/dw`, net.activate(`${at}/act`, from), { kernel: 3 });
    return convNorm(net, deep, at, { filters });
  };
  const b = separable(separable(x, `${path}/a`), `${path}/b`);
  const branch = stride === 1 ? b : net.maxPool(`${path}/pool`, b, { kernel: 3, stride });
  const isChanged = stride !== 1 || x.channels !== filters;
  const way = isChanged ? convNorm(net, x, `${path}/shortcut`, { filters, stride }) : x;
  return net.add(`${path}/add`, [branch, way]);
}

export interface InvertedSite extends BlockSite {
  /** Of the depthwise convolution. */
  readonly kernel: number;
  /** Times as many channels in between as in the input. */
  readonly expansion: number;
  /** Squeeze and excitation to a quarter of the input's channels, after the depthwise convolution (MnasNet). */
  readonly squeeze: boolean;
}

/** Adds 1x1 to more channels, a depthwise convolution, and 1x1 to few without activation; the input is added where it fits. */
export function invertedBlock(net: NetworkBuilder, x: Tensor, site: InvertedSite): Tensor {
  const { path, filters, stride, kernel, expansion, squeeze } = site;
  const wide = convNormActivate(net, x, `${path}/expand`, { filters: x.channels * expansion });
  const deep = net.activate(`${path}/depthwise/act`, depthwiseNorm(net, wide, `${path}/depthwise`, { kernel, stride }));
  const few = Math.max(1, Math.round(x.channels / 4));
  const weighted = squeeze ? squeezeExcite(net, deep, `${path}/se`, few) : deep;
  const narrow = convNorm(net, weighted, `${path}/project`, { filters });
  const fits = stride === 1 && x.channels === filters;
  return fits ? net.add(`${path}/add`, [narrow, x]) : narrow;
}
