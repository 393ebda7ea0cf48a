/**
 * @file The parts that inception networks are tables of: a step adds a few nodes under a path, `chain` puts steps one after another, `branches` side by side on
 * the same input and concatenates what they give. Every convolution has a batch norm and an activation, and no bias.
 */
import type { NetworkBuilder, Size, Tensor, WindowOptions } from "cellwright/network";

export type Step = (net: NetworkBuilder, x: Tensor, path: string) => Tensor;

/** Convolution, batch norm, activation. */
export function conv(filters: number, kernel: Size = 1, window: Omit<WindowOptions, "kernel"> = {}): Step {
  return (net, x, path) => {
    const wide = net.conv(`${path}/conv`, x, { filters, kernel, ...window });
    return net.activate(`${path}/act`, net.batchNorm(`${path}/bn`, wide));
  };
}

/** What halves the image, rounding down: a window of stride 2 without padding. */
export const halving = { stride: 2, padding: "valid" } as const;

/** 3x3, of stride 1 unless told. */
export function maxPool(window: Omit<WindowOptions, "kernel"> = {}): Step {
  return (net, x, path) => net.maxPool(`${path}/pool`, x, { kernel: 3, ...window });
}

/** 3x3 of stride 1. Padding isn't counted, as in the original networks and timm; torchvision's Inception-v3 counts it as zeros. */
export const avgPool: Step = (net, x, path) => net.avgPool(`${path}/pool`, x, { kernel: 3 });

export function chain(...steps: readonly Step[]): Step {
  return (net, x, path) => steps.reduce((last, step, i) => step(net, last, `${path}/step${i}`), x);
}

export function branches(...sides: readonly Step[]): Step {
  return (net, x, path) =>
    net.concat(
      `${path}/concat`,
      sides.map((side, i) => side(net, x, `${path}/branch${i}`)),
    );
}

/** How Inception-v3 begins, and Inception-ResNet-v2 after it: from 299x299 to 35x35. */
export const v3StemSteps: readonly Step[] = [
  conv(32, 3, halving),
  conv(32, 3, { padding: "valid" }),
  conv(64, 3),
  maxPool(halving),
  conv(80),
  conv(192, 3, { padding: "valid" }),
  maxPool(halving),
];
