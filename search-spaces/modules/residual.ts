/**
 * @file Residual blocks: basic and bottleneck (He et al. 2016, arXiv 1512.03385), wide (Zagoruyko and Komodakis 2016, arXiv 1605.07146), aggregated (Xie et al. 2017,
 * arXiv 1611.05431), with squeeze and excitation, and pre-activation (He et al. 2016, arXiv 1603.05027). Wiring follows torchvision and, for the last two, timm.
 */
import type { NetworkBuilder, Tensor } from "cellwright/network";
import { convNorm, convNormActivate, normActivate, squeezeExcite } from "./layers.ts";
import { aroundKernel } from "../torch-padding.ts";

export interface ResidualSite {
  readonly path: string;
  /** Channels of the output. */
  readonly filters: number;
  readonly stride: number;
  /** Channels between the two convolutions of squeeze and excitation; absent for none. */
  readonly squeeze?: number | undefined;
}

export interface BottleneckSite extends ResidualSite {
  /** Channels of the 3x3 convolution. */
  readonly middle: number;
  /** Groups of the 3x3 convolution: the cardinality of ResNeXt. Default 1. */
  readonly groups?: number;
}

/** The input itself, or its projection where size or channels change: 1x1 with batch norm (option B of the paper). */
function shortcut(net: NetworkBuilder, x: Tensor, { path, filters, stride }: ResidualSite): Tensor {
  if (stride === 1 && x.channels === filters) return x;
  return convNorm(net, x, `${path}/shortcut`, { filters, stride });
}

function joined(net: NetworkBuilder, x: Tensor, branch: Tensor, site: ResidualSite): Tensor {
  const { path, squeeze } = site;
  const weighted = squeeze === undefined ? branch : squeezeExcite(net, branch, `${path}/se`, squeeze);
  return net.activate(`${path}/act`, net.add(`${path}/add`, [weighted, shortcut(net, x, site)]));
}

/** Adds two 3x3 convolutions around which the input goes. */
export function basicBlock(net: NetworkBuilder, x: Tensor, site: ResidualSite): Tensor {
  const { path, filters, stride } = site;
  const a = convNormActivate(net, x, `${path}/a`, { filters, kernel: 3, stride });
  return joined(net, x, convNorm(net, a, `${path}/b`, { filters, kernel: 3 }), site);
}

/** Adds 1x1, 3x3 and 1x1 convolutions around which the input goes. The 3x3 has the stride (in the paper the first 1x1 has it). */
export function bottleneckBlock(net: NetworkBuilder, x: Tensor, site: BottleneckSite): Tensor {
  const { path, filters, stride, middle, groups = 1 } = site;
  const a = convNormActivate(net, x, `${path}/a`, { filters: middle });
  const b = convNormActivate(net, a, `${path}/b`, { filters: middle, kernel: 3, stride, groups });
  return joined(net, x, convNorm(net, b, `${path}/c`, { filters }), site);
}

/**
 * Adds a bottleneck of which every convolution follows its own batch norm and activation, so that nothing stands on the way around it. What it gives
 * has neither yet. `projects` makes the way around a 1x1 convolution even where it need not be, as in the first block of every stage.
 */
export function preActivationBlock(
  net: NetworkBuilder,
  x: Tensor,
  site: Omit<BottleneckSite, "groups" | "squeeze"> & { readonly projects: boolean },
): Tensor {
  const { path, filters, stride, middle } = site;
  const active = normActivate(net, x, `${path}/a`);
  const isProjected = site.projects || stride !== 1 || x.channels !== filters;
  const way = isProjected ? net.conv(`${path}/shortcut/conv`, active, { filters, kernel: 1, stride }) : x;
  const a = net.conv(`${path}/a/conv`, active, { filters: middle, kernel: 1 });
  const before = normActivate(net, a, `${path}/b`);
  const b = net.conv(`${path}/b/conv`, before, { filters: middle, kernel: 3, stride, padding: aroundKernel(3) });
  const c = net.conv(`${path}/c/conv`, normActivate(net, b, `${path}/c`), { filters, kernel: 1 });
  return net.add(`${path}/add`, [c, way]);
}
