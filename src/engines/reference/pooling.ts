/** @file Pools: the maximum, the mean without padding, and the mean of the whole image. */
import { position, windows, type WindowAttributes } from "./geometry.ts";
import { inputOf, type OpKernel } from "./kernel.ts";
import { extentOf, zeros, type Tensor } from "./tensor.ts";

/** Calls `visit` for each output element with the offsets of the inputs in its window, row-major, padding left out. */
function forEachWindow(
  input: Tensor,
  attributes: WindowAttributes,
  visit: (outputAt: number, inputsAt: readonly number[]) => void,
): void {
  const { n, h, w, c } = extentOf(input.shape);
  const { rows, columns } = windows(h, w, attributes);
  let outputAt = 0;
  for (let image = 0; image < n; image++)
    for (let y = 0; y < rows.out; y++)
      for (let x = 0; x < columns.out; x++)
        for (let channel = 0; channel < c; channel++) {
          const inputsAt: number[] = [];
          for (let ky = 0; ky < rows.kernel; ky++)
            for (let kx = 0; kx < columns.kernel; kx++) {
              const iy = position(rows, y, ky);
              const ix = position(columns, x, kx);
              if (iy >= 0 && ix >= 0) inputsAt.push(((image * h + iy) * w + ix) * c + channel);
            }
          visit(outputAt++, inputsAt);
        }
}

function outputShape(input: Tensor, attributes: WindowAttributes): readonly number[] {
  const { n, h, w, c } = extentOf(input.shape);
  const { rows, columns } = windows(h, w, attributes);
  return [n, rows.out, columns.out, c];
}

/** A NaN in the window wins, so that a broken training shows. */
export const maxPool: OpKernel<"maxPool"> = (call) => {
  const input = inputOf(call);
  const output = zeros(outputShape(input, call.attributes));
  const winners = new Int32Array(output.data.length);
  forEachWindow(input, call.attributes, (outputAt, inputsAt) => {
    let best = inputsAt[0] as number;
    for (const at of inputsAt) {
      const value = input.data[at] as number;
      if (value > (input.data[best] as number) || Number.isNaN(value)) best = at;
    }
    winners[outputAt] = best;
    output.data[outputAt] = input.data[best] as number;
  });
  return {
    output,
    backward(gradient) {
      const inputGradient = new Float64Array(input.data.length);
      for (const [i, at] of winners.entries())
        inputGradient[at] = (inputGradient[at] as number) + (gradient[i] as number);
      return { inputs: [inputGradient] };
    },
  };
};

export const avgPool: OpKernel<"avgPool"> = (call) => {
  const input = inputOf(call);
  const output = zeros(outputShape(input, call.attributes));
  forEachWindow(input, call.attributes, (outputAt, inputsAt) => {
    let sum = 0;
    for (const at of inputsAt) sum += input.data[at] as number;
    output.data[outputAt] = sum / inputsAt.length;
  });
  return {
    output,
    backward(gradient) {
      const inputGradient = new Float64Array(input.data.length);
      forEachWindow(input, call.attributes, (outputAt, inputsAt) => {
        const share = (gradient[outputAt] as number) / inputsAt.length;
        for (const at of inputsAt) inputGradient[at] = (inputGradient[at] as number) + share;
      });
      return { inputs: [inputGradient] };
    },
  };
};

export const globalAvgPool: OpKernel<"globalAvgPool"> = (call) => {
  const input = inputOf(call);
  const { n, h, w, c } = extentOf(input.shape);
  const pixels = h * w;
  const output = zeros(call.attributes.keepDims ? [n, 1, 1, c] : [n, c]);
  /** The output element that input element `i` goes into. */
  const target = (i: number): number => Math.floor(i / (pixels * c)) * c + (i % c);
  for (const [i, value] of input.data.entries())
    output.data[target(i)] = (output.data[target(i)] as number) + value / pixels;
  return {
    output,
    backward: (gradient) => ({ inputs: [input.data.map((_, i) => (gradient[target(i)] as number) / pixels)] }),
  };
};
