/** @file Dropout and drop path: products with the masks of src/engines/masks.ts in training, nothing in inference. */
import { dropoutMask, dropPathMask } from "../masks.ts";
import { inputOf, type OpKernel, type OpResult } from "./kernel.ts";
import type { Tensor } from "./tensor.ts";

function scaled(input: Tensor, factor: (i: number) => number): OpResult {
  return {
    output: { shape: input.shape, data: input.data.map((value, i) => value * factor(i)) },
    backward: (gradient) => ({ inputs: [gradient.map((g, i) => g * factor(i))] }),
  };
}

function unchanged(input: Tensor): OpResult {
  return { output: input, backward: (gradient) => ({ inputs: [gradient] }) };
}

export const dropout: OpKernel<"dropout"> = (call) => {
  const input = inputOf(call);
  if (!call.training || call.attributes.rate === 0) return unchanged(input);
  const { seed, step } = call.training;
  const mask = dropoutMask(seed, step, call.nodeId, input.data.length, 1 - call.attributes.rate);
  return scaled(input, (i) => mask[i] as number);
};

/** ScheduledDropPath (Zoph et al. 2018, appendix A.5): the whole example or nothing. */
export const dropPath: OpKernel<"dropPath"> = (call) => {
  const input = inputOf(call);
  if (!call.training) return unchanged(input);
  const { seed, step, dropPathRate } = call.training;
  const rate = call.attributes.depthFraction * dropPathRate;
  if (rate === 0) return unchanged(input);
  const n = input.shape[0] as number;
  const mask = dropPathMask(seed, step, call.nodeId, n, 1 - rate);
  const perExample = input.data.length / n;
  return scaled(input, (i) => mask[Math.floor(i / perExample)] as number);
};
