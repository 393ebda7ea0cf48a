/** @file Batch normalisation (Ioffe and Szegedy 2015, algorithm 1), with the backward pass through the batch's own statistics. */
import { inputOf, weightOf, type OpKernel } from "./kernel.ts";
import { extentOf, zeros } from "./tensor.ts";
import { sumOverPixels } from "./convolution.ts";

export const batchNorm: OpKernel<"batchNorm"> = (call) => {
  const { epsilon, momentum } = call.attributes;
  const input = inputOf(call);
  const x = input.data;
  const { c } = extentOf(input.shape);
  const count = x.length / c;
  const gamma = weightOf(call, "gamma");
  const beta = weightOf(call, "beta");
  const movingMean = weightOf(call, "movingMean");
  const movingVariance = weightOf(call, "movingVariance");

  let mean = movingMean;
  let variance = movingVariance;
  if (call.training) {
    mean = sumOverPixels(x, c).map((sum) => sum / count);
    const centre = mean;
    // Two passes: the squares of differences, not the difference of squares.
    const squares = x.map((value, i) => (value - (centre[i % c] as number)) ** 2);
    variance = sumOverPixels(squares, c).map((sum) => sum / count);
  }
  const inverseDeviation = variance.map((value) => 1 / Math.sqrt(value + epsilon));
  const normalised = x.map((value, i) => (value - (mean[i % c] as number)) * (inverseDeviation[i % c] as number));
  const output = zeros(input.shape);
  for (let i = 0; i < x.length; i++)
    output.data[i] = (normalised[i] as number) * (gamma[i % c] as number) + (beta[i % c] as number);

  const move = (old: Float64Array, batch: Float64Array): Float64Array =>
    old.map((value, i) => momentum * value + (1 - momentum) * (batch[i] as number));
  const training = call.training !== undefined;
  return {
    output,
    ...(training
      ? { moved: { movingMean: move(movingMean, mean), movingVariance: move(movingVariance, variance) } }
      : {}),
    backward(gradient) {
      const betaGradient = sumOverPixels(gradient, c);
      const gammaGradient = sumOverPixels(
        gradient.map((g, i) => g * (normalised[i] as number)),
        c,
      );
      const inputGradient = gradient.map((g, i) => {
        const channel = i % c;
        const slope = (gamma[channel] as number) * (inverseDeviation[channel] as number);
        if (!training) return slope * g;
        const throughMean = (betaGradient[channel] as number) / count;
        const throughVariance = ((normalised[i] as number) * (gammaGradient[channel] as number)) / count;
        return slope * (g - throughMean - throughVariance);
      });
      return { inputs: [inputGradient], weights: { gamma: gammaGradient, beta: betaGradient } };
    },
  };
};
