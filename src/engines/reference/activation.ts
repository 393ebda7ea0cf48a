/** @file The activations and their slopes. At a kink the slope is that of the flat side, as TensorFlow and PyTorch have it for relu and relu6. */
import type { ActivationName } from "../../network/network.ts";
import { inputOf, type OpKernel } from "./kernel.ts";

interface ActivationRule {
  value(x: number): number;
  slope(x: number): number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const hsigmoid = (x: number): number => Math.min(Math.max(x + 3, 0), 6) / 6;
const hsigmoidSlope = (x: number): number => (x > -3 && x < 3 ? 1 / 6 : 0);

const rules: { readonly [Name in ActivationName]: ActivationRule } = {
  relu: { value: (x) => (x > 0 ? x : 0), slope: (x) => (x > 0 ? 1 : 0) },
  relu6: { value: (x) => Math.min(Math.max(x, 0), 6), slope: (x) => (x > 0 && x < 6 ? 1 : 0) },
  swish: {
    value: (x) => x * sigmoid(x),
    slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  },
  hswish: { value: (x) => x * hsigmoid(x), slope: (x) => hsigmoid(x) + x * hsigmoidSlope(x) },
  sigmoid: { value: sigmoid, slope: (x) => sigmoid(x) * (1 - sigmoid(x)) },
  hsigmoid: { value: hsigmoid, slope: hsigmoidSlope },
  tanh: { value: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 },
};

export const activation: OpKernel<"activation"> = (call) => {
  const rule = rules[call.attributes.fn];
  const input = inputOf(call);
  return {
    output: { shape: input.shape, data: input.data.map((x) => rule.value(x)) },
    backward: (gradient) => ({ inputs: [gradient.map((g, i) => g * rule.slope(input.data[i] as number))] }),
  };
};
