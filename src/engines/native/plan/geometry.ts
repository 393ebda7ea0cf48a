/** @file Where windows read, and how large the bordered images are that they read from. Matches native/kernels/conv.h and native/src/decode.cc. */
import type { NodeOf } from "../../../network/network.ts";
import { windowGeometry } from "../../../network/ops/window.ts";
import { noGeometry } from "./draft.ts";
import type { Geometry } from "./plan.ts";

/** Pixels of a strip in native/kernels/conv.h. */
export const STRIP = 64;

/** Returns the geometry of a convolution or a pool on an image of h x w pixels. */
export function geometryOf(
  h: number,
  w: number,
  node: NodeOf<"conv" | "depthwiseConv" | "maxPool" | "avgPool">,
): Geometry {
  const { attributes } = node;
  const window = windowGeometry([h, w, 1], attributes);
  const dilation = "dilation" in attributes ? attributes.dilation : [1, 1];
  return {
    inH: h,
    inW: w,
    outH: window.height,
    outW: window.width,
    kernelH: attributes.kernel[0],
    kernelW: attributes.kernel[1],
    // Without a second position there is no step, without a second tap no gap.
    strideH: window.height === 1 ? 1 : attributes.stride[0],
    strideW: window.width === 1 ? 1 : attributes.stride[1],
    dilationH: attributes.kernel[0] === 1 ? 1 : (dilation[0] as number),
    dilationW: attributes.kernel[1] === 1 ? 1 : (dilation[1] as number),
    top: window.top,
    left: window.left,
  };
}

/** Whether every output pixel reads just the input pixel at its place. */
export function isPointwise(g: Geometry): boolean {
  const one = g.kernelH === 1 && g.kernelW === 1 && g.strideH === 1 && g.strideW === 1;
  return one && g.top === 0 && g.left === 0 && g.inH === g.outH && g.inW === g.outW;
}

/** Whether every output pixel reads one input pixel, somewhere else or some apart: a 1x1 kernel with a stride or on a part of the image. */
export function isSampled(g: Geometry): boolean {
  return g.kernelH === 1 && g.kernelW === 1 && !isPointwise(g);
}

/** Pixels of a strip of whole output rows. */
export function stripPixels(g: Geometry): number {
  return Math.min(g.outH, Math.max(1, Math.floor(STRIP / g.outW))) * g.outW;
}

/** Returns the geometry of reading through `outer` what `inner` gives, or nothing where `outer` reads beyond it. Both have 1x1 kernels. */
export function composed(outer: Geometry, inner: Geometry): Geometry | undefined {
  const inside = (pad: number, out: number, stride: number, size: number): boolean =>
    pad <= 0 && (out - 1) * stride - pad < size;
  const { top, left, outH, outW, strideH, strideW } = outer;
  if (!inside(top, outH, strideH, inner.outH) || !inside(left, outW, strideW, inner.outW)) return undefined;
  return {
    ...outer,
    inH: inner.inH,
    inW: inner.inW,
    strideH: strideH * inner.strideH,
    strideW: strideW * inner.strideW,
    top: top * inner.strideH + inner.top,
    left: left * inner.strideW + inner.left,
  };
}

/** Sides of the bordered image that a convolution reads. */
export function paddedSides(g: Geometry): { readonly h: number; readonly w: number } {
  return {
    h: (g.outH - 1) * g.strideH + (g.kernelH - 1) * g.dilationH + 1,
    w: (g.outW - 1) * g.strideW + (g.kernelW - 1) * g.dilationW + 1,
  };
}

/**
 * Vectors of scratch for the gradient of a max pool: the best of every row of every window, its gradient and one bordered row, or an image and a row of columns,
 * as the windows are (native/kernels/max_gradient.h, pool.h).
 */
export function maxGradientVectors(g: Geometry): number {
  const { h, w } = paddedSides(g);
  return Math.max(2 * h * g.outW + w, g.inH * g.inW + Math.max(g.inW, g.outW));
}

/** Sides of the bordered dz that input gradients read, and its border. */
export function gradientSides(g: Geometry): { readonly h: number; readonly w: number; readonly key: string } {
  const before = (pad: number, kernel: number, dilation: number, stride: number): number =>
    Math.max(0, -Math.floor((pad - (kernel - 1) * dilation) / stride));
  const after = (size: number, pad: number, out: number, stride: number): number =>
    Math.max(0, Math.trunc((size - 1 + pad) / stride) - (out - 1));
  const top = before(g.top, g.kernelH, g.dilationH, g.strideH);
  const left = before(g.left, g.kernelW, g.dilationW, g.strideW);
  const h = g.outH + top + after(g.inH, g.top, g.outH, g.strideH);
  const w = g.outW + left + after(g.inW, g.left, g.outW, g.strideW);
  return { h, w, key: `dz ${h}x${w} ${top},${left} ${g.outH}x${g.outW}` };
}

export function inputKey(g: Geometry): string {
  const { h, w } = paddedSides(g);
  return `x ${h}x${w} ${g.top},${g.left} ${g.inH}x${g.inW}`;
}

/** Whether the kernel covers the image once, without padding. */
export function isOnePixel(g: Geometry): boolean {
  const covers = g.kernelH === g.inH && g.kernelW === g.inW && g.outH === 1 && g.outW === 1;
  return covers && g.top === 0 && g.left === 0 && g.dilationH === 1 && g.dilationW === 1;
}

/** Returns the geometry of a kernel as large as its image. */
export function coveringGeometry(h: number, w: number): Geometry {
  return { ...noGeometry, inH: h, inW: w, kernelH: h, kernelW: w };
}
