/** @file Paddings of torch that are neither `same` nor `valid`: the same at every side, and that of a pool which rounds its output's sides up. */
import type { Padding, Tensor } from "cellwright/network";

/** As many rows and columns of zeros at every side. */
export function around(size: number): Padding {
  return { top: size, bottom: size, left: size, right: size };
}

/** As many as leave an image its size under a window of stride 1 and an odd number of rows and columns: with stride 2 another padding than `same`. */
export function aroundKernel(kernel: number): Padding {
  return around((kernel - 1) / 2);
}

function after(side: number, kernel: number, stride: number): number {
  const steps = Math.max(0, Math.ceil((side - kernel) / stride));
  return steps * stride + kernel - side;
}

/** Padding at the bottom and the right so that the last window of a pool without padding, `stride` of `kernel` or less, finds room: torch's `ceil_mode`. */
export function ceilMode(x: Tensor, { kernel, stride }: { readonly kernel: number; readonly stride: number }): Padding {
  const [height, width = height] = x.shape;
  return { top: 0, bottom: after(height, kernel, stride), left: 0, right: after(width, kernel, stride) };
}
