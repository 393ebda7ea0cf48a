/** @file The optimizers as the engine contract has them, on the device: nothing is read back in a step. */
import type { Tensor } from "@tensorflow/tfjs";
import { unreachable } from "../../base/errors.ts";
import type { WeightSpec } from "../../network/network.ts";
import type { OptimizerOptions, StepOptions } from "../engine.ts";
import type { Tf } from "./load.ts";

/** Returns min(1, clipNorm / global L2 norm) as a scalar tensor, or undefined where nothing is clipped. */
export function clipFactor(tf: Tf, gradients: readonly Tensor[], clipNorm: number | undefined): Tensor | undefined {
  if (clipNorm === undefined || gradients.length === 0) return undefined;
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  const norm = tf.sqrt(tf.addN(squares));
  return tf.minimum(tf.div(clipNorm, norm), 1);
}

/** Returns a running mean moved by a share of the difference: a decay and its complement, rounded apart, don't add up to 1. */
export function moveTowards(tf: Tf, mean: Tensor, value: Tensor, share: number): Tensor {
  return tf.add(mean, tf.mul(tf.sub(value, mean), share));
}

/** A weight with what the optimizer keeps beside it, in the order of `slotsOf`. */
export interface TrainedTensor {
  readonly spec: WeightSpec;
  readonly weight: Tensor;
  readonly slots: readonly Tensor[];
  /** Absent for a weight behind a zero operation, which decays all the same. */
  readonly gradient: Tensor | undefined;
}

/** Returns a weight and its slots after the step. */
export function updateWeight(
  tf: Tf,
  { spec, weight, slots, gradient }: TrainedTensor,
  optimizer: OptimizerOptions,
  { learningRate, step, scale }: Pick<StepOptions, "learningRate" | "step"> & { readonly scale: Tensor | undefined },
): { readonly weight: Tensor; readonly slots: readonly Tensor[] } {
  const decay = spec.role === "kernel" ? optimizer.weightDecay : 0;
  const [first, second] = slots as readonly [Tensor, Tensor];
  const alone = gradient ?? tf.zerosLike(weight);
  const g = scale ? tf.mul(alone, scale) : alone;
  const decayed = (): Tensor => (decay > 0 ? tf.add(g, tf.mul(weight, decay)) : g);
  const averaged = (old: Tensor, value: Tensor, keep: number): Tensor => moveTowards(tf, old, value, 1 - keep);
  switch (optimizer.kind) {
    case undefined:
    case "sgd": {
      const { momentum, nesterov } = optimizer;
      const along = decayed();
      if (momentum === 0) return { weight: tf.sub(weight, tf.mul(along, learningRate)), slots: [tf.clone(along)] };
      const v = tf.add(tf.mul(first, momentum), along);
      const direction = nesterov ? tf.add(along, tf.mul(v, momentum)) : v;
      return { weight: tf.sub(weight, tf.mul(direction, learningRate)), slots: [v] };
    }
    case "rmsprop": {
      const along = decayed();
      const s = averaged(second, tf.square(along), optimizer.decay);
      const change = tf.div(tf.mul(along, learningRate), tf.sqrt(tf.add(s, optimizer.epsilon)));
      const v = tf.add(tf.mul(first, optimizer.momentum), change);
      return { weight: tf.sub(weight, v), slots: [v, s] };
    }
    case "adamw": {
      const { beta1, beta2, epsilon } = optimizer;
      const m = averaged(first, g, beta1);
      const v = averaged(second, tf.square(g), beta2);
      const size = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** (step + 1))), epsilon);
      const change = tf.div(tf.mul(m, learningRate / (1 - beta1 ** (step + 1))), size);
      return { weight: tf.sub(tf.mul(weight, 1 - learningRate * decay), change), slots: [m, v] };
    }
    default:
      return unreachable(optimizer);
  }
}
