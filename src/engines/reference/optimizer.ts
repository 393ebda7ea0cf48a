/** @file The optimizers as the engine contract has them: clip, decay, update; and the average of the weights. */
import { unreachable } from "../../base/errors.ts";
import type { WeightSpec } from "../../network/network.ts";
import type { OptimizerOptions, StepOptions } from "../engine.ts";
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

/** A weight with what the optimizer keeps beside it, in the order of `slotsOf`. */
export interface TrainedWeight {
  readonly spec: WeightSpec;
  readonly weight: Float64Array;
  readonly slots: readonly Float64Array[];
  readonly gradient: Float64Array;
}

/**
 * Updates one weight and its slots in place. All are rounded to single precision, which is what a checkpoint holds: so training
 * that was saved and restored goes on with the same bits.
 */
export function updateWeight(
  { spec, weight, slots, gradient }: TrainedWeight,
  optimizer: OptimizerOptions,
  { learningRate, step, scale }: Pick<StepOptions, "learningRate" | "step"> & { readonly scale: number },
): void {
  const decay = spec.role === "kernel" ? optimizer.weightDecay : 0;
  const [first, second] = slots as readonly [Float64Array, Float64Array];
  switch (optimizer.kind) {
    case undefined:
    case "sgd":
      for (const [i, w] of weight.entries()) {
        const g = (gradient[i] as number) * scale + decay * w;
        const v = Math.fround(optimizer.momentum * (first[i] as number) + g);
        first[i] = v;
        weight[i] = Math.fround(w - learningRate * (optimizer.nesterov ? g + optimizer.momentum * v : v));
      }
      return;
    case "rmsprop":
      for (const [i, w] of weight.entries()) {
        const g = (gradient[i] as number) * scale + decay * w;
        const s = optimizer.decay * (second[i] as number) + (1 - optimizer.decay) * g * g;
        const v = optimizer.momentum * (first[i] as number) + (learningRate * g) / Math.sqrt(s + optimizer.epsilon);
        first[i] = Math.fround(v);
        second[i] = Math.fround(s);
        weight[i] = Math.fround(w - v);
      }
      return;
    case "adamw": {
      const { beta1, beta2, epsilon } = optimizer;
      const [bias1, bias2] = [1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)];
      for (const [i, w] of weight.entries()) {
        const g = (gradient[i] as number) * scale;
        const m = beta1 * (first[i] as number) + (1 - beta1) * g;
        const v = beta2 * (second[i] as number) + (1 - beta2) * g * g;
        first[i] = Math.fround(m);
        second[i] = Math.fround(v);
        weight[i] = Math.fround(
          w * (1 - learningRate * decay) - (learningRate * (m / bias1)) / (Math.sqrt(v / bias2) + epsilon),
        );
      }
      return;
    }
    default:
      unreachable(optimizer);
  }
}

/** Moves the average of a weight towards it, in place, rounded as weights are. */
export function moveAverage(average: Float64Array, weight: Float64Array, decay: number): void {
  for (const [i, w] of weight.entries()) average[i] = Math.fround(decay * (average[i] as number) + (1 - decay) * w);
}
