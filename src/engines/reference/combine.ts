/** @file Operations that join tensors: sum, product, concatenation. */
import { inputOf, type OpKernel } from "./kernel.ts";
import { moved } from "./move.ts";
import { extentOf, zeros, type Tensor } from "./tensor.ts";

export const add: OpKernel<"add"> = (call) => {
  const output = zeros(inputOf(call).shape);
  for (const input of call.inputs)
    for (const [i, value] of input.data.entries()) output.data[i] = (output.data[i] as number) + value;
  return { output, backward: (gradient) => ({ inputs: call.inputs.map(() => gradient) }) };
};

/** A factor of `[1, 1, c]` or `[c]` holds for every pixel of its image. */
export const multiply: OpKernel<"multiply"> = (call) => {
  const left = inputOf(call, 0);
  const right = inputOf(call, 1);
  const larger = left.data.length >= right.data.length ? left : right;
  const { n, h, w, c } = extentOf(larger.shape);
  /** Where `factor` holds the value that goes with element `i` of the larger. */
  const index = (factor: Tensor, i: number): number =>
    factor.data.length === n * h * w * c ? i : Math.floor(i / (h * w * c)) * c + (i % c);
  const output = zeros(larger.shape);
  for (let i = 0; i < output.data.length; i++)
    output.data[i] = (left.data[index(left, i)] as number) * (right.data[index(right, i)] as number);
  return {
    output,
    backward(gradient) {
      const leftGradient = new Float64Array(left.data.length);
      const rightGradient = new Float64Array(right.data.length);
      for (const [i, g] of gradient.entries()) {
        const l = index(left, i);
        const r = index(right, i);
        leftGradient[l] = (leftGradient[l] as number) + g * (right.data[r] as number);
        rightGradient[r] = (rightGradient[r] as number) + g * (left.data[l] as number);
      }
      return { inputs: [leftGradient, rightGradient] };
    },
  };
};

export const concat: OpKernel<"concat"> = (call) => {
  const widths = call.inputs.map((input) => extentOf(input.shape).c);
  const total = widths.reduce((sum, width) => sum + width, 0);
  const first = inputOf(call).shape;
  return moved(call.inputs, [...first.slice(0, -1), total], (visit) => {
    let start = 0;
    for (const [k, width] of widths.entries()) {
      const length = call.inputs[k]?.data.length ?? 0;
      for (let i = 0; i < length; i++) visit(i, Math.floor(i / width) * total + start + (i % width), k);
      start += width;
    }
  });
};
