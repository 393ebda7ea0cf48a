/** @file The fully connected layer, and flattening before it. */
import { sumOverPixels } from "./convolution.ts";
import { inputOf, weightOf, type OpKernel } from "./kernel.ts";
import { extentOf, zeros } from "./tensor.ts";

/** Kernel `[in, units]`. */
export const dense: OpKernel<"dense"> = (call) => {
  const { units } = call.attributes;
  const input = inputOf(call);
  const kernel = weightOf(call, "kernel");
  const { bias } = call.weights;
  const { n, c } = extentOf(input.shape);
  const output = zeros([n, units]);
  for (let image = 0; image < n; image++)
    for (let unit = 0; unit < units; unit++) {
      let sum = bias?.[unit] ?? 0;
      for (let i = 0; i < c; i++) sum += (input.data[image * c + i] as number) * (kernel[i * units + unit] as number);
      output.data[image * units + unit] = sum;
    }
  return {
    output,
    backward(gradient) {
      const inputGradient = new Float64Array(input.data.length);
      const kernelGradient = new Float64Array(kernel.length);
      for (let image = 0; image < n; image++)
        for (let unit = 0; unit < units; unit++) {
          const g = gradient[image * units + unit] as number;
          for (let i = 0; i < c; i++) {
            const inputAt = image * c + i;
            const kernelAt = i * units + unit;
            inputGradient[inputAt] = (inputGradient[inputAt] as number) + g * (kernel[kernelAt] as number);
            kernelGradient[kernelAt] = (kernelGradient[kernelAt] as number) + g * (input.data[inputAt] as number);
          }
        }
      const weights = bias
        ? { kernel: kernelGradient, bias: sumOverPixels(gradient, units) }
        : { kernel: kernelGradient };
      return { inputs: [inputGradient], weights };
    },
  };
};

/** `[n, h, w, c]` to `[n, h * w * c]`: the same values in the same order. */
export const flatten: OpKernel<"flatten"> = (call) => {
  const input = inputOf(call);
  const n = input.shape[0] as number;
  return {
    output: { shape: [n, input.data.length / n], data: input.data },
    backward: (gradient) => ({ inputs: [gradient] }),
  };
};
