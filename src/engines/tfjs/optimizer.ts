/** @file Stochastic gradient descent as the engine contract has it, on the device: nothing is read back in a step. */
import type { Tensor } from "@tensorflow/tfjs";
import type { WeightSpec } from "../../network/network.ts";
import type { OptimizerOptions } from "../engine.ts";
import type { Tf } from "./load.ts";

/** Returns min(1, clipNorm / global L2 norm) as a scalar tensor, or undefined where nothing is clipped. */
export function clipFactor(tf: Tf, gradients: readonly Tensor[], clipNorm: number | undefined): Tensor | undefined {
  if (clipNorm === undefined || gradients.length === 0) return undefined;
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
  const norm = tf.sqrt(tf.addN(squares));
  return tf.minimum(tf.div(clipNorm, norm), 1);
}

/** Returns a weight and its momentum after the step. A weight without gradient (behind a zero operation) still decays. */
export function updateWeight(
  tf: Tf,
  spec: WeightSpec,
  state: { readonly weight: Tensor; readonly momentum: Tensor; readonly gradient: Tensor | undefined },
  options: { readonly optimizer: OptimizerOptions; readonly learningRate: number; readonly scale: Tensor | undefined },
): { readonly weight: Tensor; readonly momentum: Tensor } {
  const { weight } = state;
  const { optimizer, learningRate, scale } = options;
  let gradient = state.gradient ?? tf.zerosLike(weight);
  if (scale) gradient = tf.mul(gradient, scale);
  if (spec.role === "kernel" && optimizer.weightDecay > 0)
    gradient = tf.add(gradient, tf.mul(weight, optimizer.weightDecay));
  if (optimizer.momentum === 0) return { weight: descend(gradient), momentum: tf.clone(gradient) };
  const momentum = tf.add(tf.mul(state.momentum, optimizer.momentum), gradient);
  const direction = optimizer.nesterov ? tf.add(gradient, tf.mul(momentum, optimizer.momentum)) : momentum;
  return { weight: descend(direction), momentum };

  function descend(along: Tensor): Tensor {
    return tf.sub(weight, tf.mul(along, learningRate));
  }
}
