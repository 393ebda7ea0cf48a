/** @file Stochastic gradient descent as the engine contract has it: clip, decay, momentum, Nesterov. */
import type { WeightSpec } from "../../network/network.ts";
import type { OptimizerOptions } from "../engine.ts";
import type { DoubleWeights } from "./pass.ts";

/** Returns the factor that brings the global L2 norm of all gradients down to `clipNorm`. */
export function clipFactor(gradients: DoubleWeights, clipNorm: number | undefined): number {
  if (clipNorm === undefined) return 1;
  let squares = 0;
  for (const gradient of gradients.values()) for (const g of gradient) squares += g * g;
  // Not Math.min(1, …): a zero norm gives infinity, and NaN has to stay NaN.
  const factor = clipNorm / Math.sqrt(squares);
  return factor > 1 ? 1 : factor;
}

/**
 * Updates one weight and its momentum in place. Both are rounded to single precision, which is what a checkpoint holds: so training
 * that was saved and restored goes on with the same bits.
 */
export function updateWeight(
  spec: WeightSpec,
  state: { readonly weight: Float64Array; readonly momentum: Float64Array; readonly gradient: Float64Array },
  options: { readonly optimizer: OptimizerOptions; readonly learningRate: number; readonly scale: number },
): void {
  const { weight, momentum, gradient } = state;
  const { optimizer, learningRate, scale } = options;
  const decay = spec.role === "kernel" ? optimizer.weightDecay : 0;
  for (const [i, w] of weight.entries()) {
    const g = (gradient[i] as number) * scale + decay * w;
    const v = Math.fround(optimizer.momentum * (momentum[i] as number) + g);
    momentum[i] = v;
    weight[i] = Math.fround(w - learningRate * (optimizer.nesterov ? g + optimizer.momentum * v : v));
  }
}
