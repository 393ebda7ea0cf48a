/** @file Dense, grouped and depthwise convolution, as sums over the window's taps. */
import { position, windows, type Windows } from "./geometry.ts";
import { inputOf, weightOf, type NodeWeights, type OpKernel, type OpResult } from "./kernel.ts";
import { extentOf, zeros, type Tensor } from "./tensor.ts";

interface Layout {
  readonly input: Tensor;
  readonly kernel: Float64Array;
  readonly bias: Float64Array | undefined;
  readonly windows: Windows;
  readonly filters: number;
  /** Input channels that one filter reads. */
  readonly depth: number;
  /** Filters that read the same input channels. */
  readonly filtersPerGroup: number;
  /** Distance in the kernel between one filter's neighbouring input channels, and between taps. */
  readonly kernelStride: { readonly tap: number; readonly depth: number };
}

/** Calls `visit` with the offsets of every (output pixel, tap) pair that lies inside the image. */
function forEachTap(layout: Layout, visit: (outputAt: number, inputAt: number, kernelAt: number) => void): void {
  const { n, h, w, c } = extentOf(layout.input.shape);
  const { rows, columns } = layout.windows;
  for (let image = 0; image < n; image++)
    for (let y = 0; y < rows.out; y++)
      for (let x = 0; x < columns.out; x++)
        for (let ky = 0; ky < rows.kernel; ky++) {
          const iy = position(rows, y, ky);
          if (iy < 0) continue;
          for (let kx = 0; kx < columns.kernel; kx++) {
            const ix = position(columns, x, kx);
            if (ix < 0) continue;
            visit(
              ((image * rows.out + y) * columns.out + x) * layout.filters,
              ((image * h + iy) * w + ix) * c,
              (ky * columns.kernel + kx) * layout.kernelStride.tap,
            );
          }
        }
}

function convolve(layout: Layout): OpResult {
  const { input, kernel, bias, filters, depth, filtersPerGroup, kernelStride } = layout;
  const { n } = extentOf(input.shape);
  const output = zeros([n, layout.windows.rows.out, layout.windows.columns.out, filters]);
  if (bias) for (let i = 0; i < output.data.length; i++) output.data[i] = bias[i % filters] as number;
  forEachTap(layout, (outputAt, inputAt, kernelAt) => {
    for (let f = 0; f < filters; f++) {
      const from = inputAt + Math.floor(f / filtersPerGroup) * depth;
      let sum = 0;
      for (let d = 0; d < depth; d++)
        sum += (input.data[from + d] as number) * (kernel[kernelAt + d * kernelStride.depth + f] as number);
      output.data[outputAt + f] = (output.data[outputAt + f] as number) + sum;
    }
  });
  return {
    output,
    backward(gradient) {
      const inputGradient = new Float64Array(input.data.length);
      const kernelGradient = new Float64Array(kernel.length);
      forEachTap(layout, (outputAt, inputAt, kernelAt) => {
        for (let f = 0; f < filters; f++) {
          const from = inputAt + Math.floor(f / filtersPerGroup) * depth;
          const g = gradient[outputAt + f] as number;
          for (let d = 0; d < depth; d++) {
            const at = kernelAt + d * kernelStride.depth + f;
            inputGradient[from + d] = (inputGradient[from + d] as number) + g * (kernel[at] as number);
            kernelGradient[at] = (kernelGradient[at] as number) + g * (input.data[from + d] as number);
          }
        }
      });
      const weights: NodeWeights = bias
        ? { kernel: kernelGradient, bias: sumOverPixels(gradient, filters) }
        : { kernel: kernelGradient };
      return { inputs: [inputGradient], weights };
    },
  };
}

/** Returns the sums over all axes but the last. */
export function sumOverPixels(values: Float64Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) sums[i % channels] = (sums[i % channels] as number) + (values[i] as number);
  return sums;
}

/** Kernel `[kh, kw, inChannels / groups, filters]`; filter f reads the channels of group floor(f / (filters / groups)). */
export const conv: OpKernel<"conv"> = (call) => {
  const { attributes } = call;
  const input = inputOf(call);
  const { h, w, c } = extentOf(input.shape);
  const depth = c / attributes.groups;
  return convolve({
    input,
    kernel: weightOf(call, "kernel"),
    bias: call.weights.bias,
    windows: windows(h, w, attributes),
    filters: attributes.filters,
    depth,
    filtersPerGroup: attributes.filters / attributes.groups,
    kernelStride: { tap: depth * attributes.filters, depth: attributes.filters },
  });
};

/** Kernel `[kh, kw, c]`: a grouped convolution with as many groups as channels, one filter in each. */
export const depthwiseConv: OpKernel<"depthwiseConv"> = (call) => {
  const input = inputOf(call);
  const { h, w, c } = extentOf(input.shape);
  return convolve({
    input,
    kernel: weightOf(call, "kernel"),
    bias: call.weights.bias,
    windows: windows(h, w, call.attributes),
    filters: c,
    depth: 1,
    filtersPerGroup: 1,
    kernelStride: { tap: c, depth: c },
  });
};
