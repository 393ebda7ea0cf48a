/** @file Where the windows of convolutions and pools lie. Written here anew, not shared with shape inference: an oracle checks it. */
import type { Padding, Pair } from "../../network/network.ts";

/** One spatial axis of a sliding window. */
export interface Axis {
  /** Input side. */
  readonly size: number;
  /** Output side. */
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Rows or columns of padding before the first. */
  readonly before: number;
}

export interface Windows {
  readonly rows: Axis;
  readonly columns: Axis;
}

export interface WindowAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation?: Pair;
  readonly padding: Padding;
}

function axis(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: "same" | readonly [number, number],
): Axis {
  const reach = (kernel - 1) * dilation + 1;
  if (padding === "same") {
    const out = Math.ceil(size / stride);
    const total = Math.max((out - 1) * stride + reach - size, 0);
    return { size, out, kernel, stride, dilation, before: Math.floor(total / 2) };
  }
  const [before, after] = padding;
  const out = Math.floor((size + before + after - reach) / stride) + 1;
  return { size, out, kernel, stride, dilation, before };
}

/** Returns both axes of the windows over an `[h, w]` plane. */
export function windows(height: number, width: number, attributes: WindowAttributes): Windows {
  const { kernel, stride, padding } = attributes;
  const dilation = attributes.dilation ?? [1, 1];
  const vertical =
    padding === "same" ? padding : padding === "valid" ? ([0, 0] as const) : ([padding.top, padding.bottom] as const);
  const horizontal =
    padding === "same" ? padding : padding === "valid" ? ([0, 0] as const) : ([padding.left, padding.right] as const);
  return {
    rows: axis(height, kernel[0], stride[0], dilation[0], vertical),
    columns: axis(width, kernel[1], stride[1], dilation[1], horizontal),
  };
}

/** Returns the input position under tap `tap` of the window at `out`, or -1 in the padding. */
export function position(axis: Axis, out: number, tap: number): number {
  const at = out * axis.stride - axis.before + tap * axis.dilation;
  return at >= 0 && at < axis.size ? at : -1;
}
