/**
 * @file Geometry of a window that slides over an image: how many positions there are and how much padding each side has. Convolutions
 * and pools of every engine and exporter share it, so that `same` means one thing.
 */
import type { Shape } from "../network.ts";
import type { WindowAttributes } from "./checks.ts";

/** Along one axis: how many positions the window takes, and the padding before and after the input. */
export interface AxisGeometry {
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

/** Where a window goes on an image: output height and width, and rows and columns of padding. */
export interface WindowGeometry {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Returns how a window of `kernel` taps, `dilation` apart, moves along an axis of `input` cells. `size` is 0 or less where it doesn't fit. */
function axisGeometry(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: "same" | "valid" | readonly [number, number],
): AxisGeometry {
  const extent = (kernel - 1) * dilation + 1;
  if (padding === "same") {
    const size = Math.ceil(input / stride);
    const total = Math.max((size - 1) * stride + extent - input, 0);
    const before = Math.floor(total / 2);
    return { size, before, after: total - before };
  }
  const [before, after] = padding === "valid" ? [0, 0] : padding;
  return { size: Math.floor((input + before + after - extent) / stride) + 1, before, after };
}

/** Returns the geometry of `window` on an image `[h, w, c]`. */
export function windowGeometry(image: Shape, window: WindowAttributes): WindowGeometry {
  const [height, width] = image as readonly [number, number, number];
  const { kernel, stride, padding } = window;
  const dilation = window.dilation ?? [1, 1];
  const explicit = typeof padding === "object";
  const vertical = axisGeometry(
    height,
    kernel[0],
    stride[0],
    dilation[0],
    explicit ? [padding.top, padding.bottom] : padding,
  );
  const horizontal = axisGeometry(
    width,
    kernel[1],
    stride[1],
    dilation[1],
    explicit ? [padding.left, padding.right] : padding,
  );
  return {
    height: vertical.size,
    width: horizontal.size,
    top: vertical.before,
    bottom: vertical.after,
    left: horizontal.before,
    right: horizontal.after,
  };
}
