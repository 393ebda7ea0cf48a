/** @file The numbers by which a step updates, in the order of native/src/session.cc. */
import { unreachable } from "../../base/errors.ts";
import type { SessionOptions, StepOptions } from "../engine.ts";
import { averageDecayAt } from "../optimizer.ts";

/** How many numbers an update has. */
export const UPDATE_NUMBERS = 11;

/**
 * Returns the rule, learning rate, weight decay, clip norm (0 for none), momentum or the first moment's decay, whether Nesterov, the mean square's or second
 * moment's decay, epsilon, Adam's two corrections of bias, and the weights' share in their average (0 where none is kept).
 */
export function updateNumbers(
  { optimizer, averageDecay }: Pick<SessionOptions, "optimizer" | "averageDecay">,
  { learningRate, step }: Pick<StepOptions, "learningRate" | "step">,
): Float64Array {
  const share = averageDecay === undefined ? 0 : 1 - averageDecayAt(averageDecay, step);
  const common = [learningRate, optimizer.weightDecay, optimizer.clipNorm ?? 0];
  switch (optimizer.kind) {
    case undefined:
    case "sgd":
      return Float64Array.of(0, ...common, optimizer.momentum, optimizer.nesterov ? 1 : 0, 0, 0, 1, 1, share);
    case "rmsprop":
      return Float64Array.of(1, ...common, optimizer.momentum, 0, optimizer.decay, optimizer.epsilon, 1, 1, share);
    case "adamw": {
      const { beta1, beta2, epsilon } = optimizer;
      const [bias, biasSquare] = [1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)];
      return Float64Array.of(2, ...common, beta1, 0, beta2, epsilon, bias, biasSquare, share);
    }
    default:
      return unreachable(optimizer);
  }
}
