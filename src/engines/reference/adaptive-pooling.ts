/** @file Pools into a given number of bins. The bins are worked out here anew, not shared with src/network: an oracle checks it. */
import type { Pair } from "../../network/network.ts";
import { inputOf, type OpCall, type OpKernel, type OpResult } from "./kernel.ts";
import { extentOf, zeros, type Tensor } from "./tensor.ts";

/** The first pixel of bin `bin` of `bins` over `side` pixels: floor(bin * side / bins). */
function startOf(bin: number, bins: number, side: number): number {
  return (bin * side - ((bin * side) % bins)) / bins;
}

/** One past the last: ceil((bin + 1) * side / bins). */
function endOf(bin: number, bins: number, side: number): number {
  const start = startOf(bin + 1, bins, side);
  return start * bins === (bin + 1) * side ? start : start + 1;
}

/** Returns the offsets of the inputs in the bin of every output element, row-major. */
function binsOf(input: Tensor, [rows, columns]: Pair): readonly (readonly number[])[] {
  const { n, h, w, c } = extentOf(input.shape);
  const bins: number[][] = [];
  for (let image = 0; image < n; image++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let channel = 0; channel < c; channel++) {
          const bin: number[] = [];
          for (let y = startOf(row, rows, h); y < endOf(row, rows, h); y++)
            for (let x = startOf(column, columns, w); x < endOf(column, columns, w); x++)
              bin.push(((image * h + y) * w + x) * c + channel);
          bins.push(bin);
        }
  return bins;
}

/** Reduces every bin to a sum of its elements times what `weigh` gives for each. */
function pooled(
  call: OpCall<"adaptiveAvgPool"> | OpCall<"adaptiveMaxPool">,
  weigh: (values: readonly number[]) => readonly number[],
): OpResult {
  const input = inputOf(call);
  const { n, c } = extentOf(input.shape);
  const bins = binsOf(input, call.attributes.size);
  const shares = bins.map((bin) => weigh(bin.map((at) => input.data[at] as number)));
  const output = zeros([n, ...call.attributes.size, c]);
  for (const [i, bin] of bins.entries())
    for (const [k, at] of bin.entries()) {
      const share = shares[i]?.[k] as number;
      // Zero times infinity is no number: what has no share is left out.
      if (share !== 0) output.data[i] = (output.data[i] as number) + share * (input.data[at] as number);
    }
  return {
    output,
    backward(gradient) {
      const inputGradient = new Float64Array(input.data.length);
      for (const [i, bin] of bins.entries())
        for (const [k, at] of bin.entries())
          inputGradient[at] = (inputGradient[at] as number) + (shares[i]?.[k] as number) * (gradient[i] as number);
      return { inputs: [inputGradient] };
    },
  };
}

export const adaptiveAvgPool: OpKernel<"adaptiveAvgPool"> = (call) =>
  pooled(call, (values) => values.map(() => 1 / values.length));

/** The first maximum takes all. A NaN in the bin wins, so that a broken training shows. */
export const adaptiveMaxPool: OpKernel<"adaptiveMaxPool"> = (call) =>
  pooled(call, (values) => {
    let best = 0;
    for (const [k, value] of values.entries()) if (value > (values[best] as number) || Number.isNaN(value)) best = k;
    return values.map((_, k) => (k === best ? 1 : 0));
  });
