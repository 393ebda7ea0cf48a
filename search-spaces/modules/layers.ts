/** @file What the classics' blocks are made of: convolutions with batch norm, padded as torch pads, and squeeze and excitation (Hu et al. 2018, arXiv 1709.01507). */
import type { NetworkBuilder, Tensor } from "cellwright/network";
import { aroundKernel } from "../torch-padding.ts";

/** Torch's batch norm: momentum 0.1 there weighs the new value, here the old one. */
export const torchBatchNorm = { epsilon: 1e-5, momentum: 0.9 } as const;

export interface ConvNormOptions {
  readonly filters: number;
  /** Odd. Default 1. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly groups?: number;
}

/** Adds a convolution without bias and its batch norm. */
export function convNorm(net: NetworkBuilder, x: Tensor, path: string, options: ConvNormOptions): Tensor {
  const { filters, kernel = 1, stride = 1, groups = 1 } = options;
  const conv = net.conv(`${path}/conv`, x, { filters, kernel, stride, groups, padding: aroundKernel(kernel) });
  return net.batchNorm(`${path}/bn`, conv);
}

/** Adds a convolution, batch norm and the activation. */
export function convNormActivate(net: NetworkBuilder, x: Tensor, path: string, options: ConvNormOptions): Tensor {
  return net.activate(`${path}/act`, convNorm(net, x, path, options));
}

/** Adds a depthwise convolution and its batch norm. */
export function depthwiseNorm(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  { kernel, stride = 1 }: { readonly kernel: number; readonly stride?: number },
): Tensor {
  const conv = net.depthwiseConv(`${path}/dw`, x, { kernel, stride, padding: aroundKernel(kernel) });
  return net.batchNorm(`${path}/bn`, conv);
}

/** Adds batch norm and the activation. */
export function normActivate(net: NetworkBuilder, x: Tensor, path: string): Tensor {
  return net.activate(`${path}/act`, net.batchNorm(`${path}/bn`, x));
}

/** Adds a weight for each channel, by two 1x1 convolutions with bias on the channels' means; `filters` between the two. */
export function squeezeExcite(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  const means = net.globalAvgPool(`${path}/pool`, x, { keepDims: true });
  const squeezed = net.conv(`${path}/squeeze/conv`, means, { filters, kernel: 1, bias: true });
  const active = net.activate(`${path}/squeeze/act`, squeezed);
  const excited = net.conv(`${path}/excite/conv`, active, { filters: x.channels, kernel: 1, bias: true });
  return net.multiply(`${path}/scale`, x, net.activate(`${path}/excite/act`, excited, "sigmoid"));
}

/** Adds the classifier: global average pooling and a dense layer. */
export function classify(net: NetworkBuilder, x: Tensor, classes: number): Tensor {
  return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: classes });
}
