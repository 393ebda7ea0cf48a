/**
 * @file Units of ShuffleNet (Zhang et al. 2018, arXiv 1707.01083, figure 2) and ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164, figure 3): narrow 1x1 convolutions
 * around a depthwise one, and channels that change places in between. Wiring follows the authors' release and torchvision.
 */
import type { NetworkBuilder, Tensor } from "cellwright/network";
import { convNorm, convNormActivate, depthwiseNorm } from "./layers.ts";
import { aroundKernel } from "../torch-padding.ts";

export interface GroupedUnitSite {
  readonly path: string;
  /** Channels of the output. */
  readonly filters: number;
  /** 2: the input, pooled, stands beside what is computed instead of being added to it. */
  readonly stride: 1 | 2;
  /** Of the two 1x1 convolutions. */
  readonly groups: number;
  /** Of the first 1x1 convolution where it differs: the first unit of a network has too few channels to group. */
  readonly firstGroups?: number;
}

/** Adds a unit of ShuffleNet: grouped 1x1 to a quarter of the channels, shuffle, depthwise 3x3, grouped 1x1. */
export function groupedShuffleUnit(net: NetworkBuilder, x: Tensor, site: GroupedUnitSite): Tensor {
  const { path, filters, stride, groups, firstGroups = groups } = site;
  const middle = Math.floor(filters / 4);
  const narrow = convNormActivate(net, x, `${path}/a`, { filters: middle, groups: firstGroups });
  const shuffled = groups === 1 ? narrow : net.channelShuffle(`${path}/shuffle`, narrow, groups);
  const deep = depthwiseNorm(net, shuffled, `${path}/b`, { kernel: 3, stride });
  if (stride === 1) {
    const wide = convNorm(net, deep, `${path}/c`, { filters, groups });
    return net.activate(`${path}/act`, net.add(`${path}/add`, [x, wide]));
  }
  const wide = convNormActivate(net, deep, `${path}/c`, { filters: filters - x.channels, groups });
  // The release's pool divides by nine at the border too.
  const padded = net.pad(`${path}/shortcut/pad`, x, { top: 1, bottom: 1, left: 1, right: 1 });
  const pooled = net.avgPool(`${path}/shortcut/pool`, padded, { kernel: 3, stride: 2, padding: "valid" });
  return net.concat(`${path}/concat`, [pooled, wide]);
}

export interface SplitUnitSite {
  readonly path: string;
  /** Channels of the output, even. */
  readonly filters: number;
  readonly stride: number;
}

/**
 * Adds a unit of ShuffleNetV2: half of the channels pass, the other half goes through 1x1, depthwise 3x3 and 1x1, and the two halves are shuffled. Where the
 * size or the number of channels changes, both halves are computed from all channels.
 */
export function splitShuffleUnit(net: NetworkBuilder, x: Tensor, { path, filters, stride }: SplitUnitSite): Tensor {
  const half = filters / 2;
  const isChanged = stride !== 1 || x.channels !== filters;
  const deepen = (from: Tensor, at: string): Tensor => depthwiseNorm(net, from, at, { kernel: 3, stride });
  const passed = isChanged
    ? convNormActivate(net, deepen(x, `${path}/shortcut/a`), `${path}/shortcut/b`, { filters: half })
    : net.channelSlice(`${path}/passed`, x, { first: 0, count: half });
  const source = isChanged ? x : net.channelSlice(`${path}/worked`, x, { first: half, count: half });
  const a = convNormActivate(net, source, `${path}/a`, { filters: half });
  const c = convNormActivate(net, deepen(a, `${path}/b`), `${path}/c`, { filters: half });
  return net.channelShuffle(`${path}/shuffle`, net.concat(`${path}/concat`, [passed, c]), 2);
}

/** Adds the stem of both: 3x3 of stride 2 and a 3x3 pool of stride 2. */
export function shuffleStem(net: NetworkBuilder, filters: number): Tensor {
  const conv = convNormActivate(net, net.input, "stem", { filters, kernel: 3, stride: 2 });
  return net.maxPool("stem/pool", conv, { kernel: 3, stride: 2, padding: aroundKernel(3) });
}
