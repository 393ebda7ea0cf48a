/** @file RMSProp of the reference engine against TensorFlow's: tf.compat.v1.train.RMSPropOptimizer of TensorFlow 2.21 in double precision gave these weights. */
import { expect, test } from "vitest";
import { updateWeight } from "../../../src/engines/reference/optimizer.ts";
import { relativeDifference } from "../../support/compare.ts";

const steps = [
  {
    gradient: [0.1, -2, 1e-4],
    learningRate: 0.1,
    expected: [0.48947076698394676, -0.8246558280655023, 1.999989464925527],
  },
  { gradient: [0.3, 1, 0], learningRate: 0.1, expected: [0.4468831647284555, -0.75554681177019, 1.9999799833587526] },
  {
    gradient: [-0.2, 0.5, 3],
    learningRate: 0.05,
    expected: [0.42015629841097796, -0.7164710901351348, 1.8824823881268693],
  },
];

test("RMSProp has TensorFlow's mean square, momentum and epsilon", () => {
  const optimizer = { kind: "rmsprop", decay: 0.9, momentum: 0.9, epsilon: 1e-3, weightDecay: 0 } as const;
  const spec = {
    name: "x/bias",
    node: "x",
    role: "bias",
    shape: [3],
    trainable: true,
    initializer: { kind: "zeros" },
  } as const;
  const weight = Float64Array.of(0.5, -1, 2);
  const slots = [new Float64Array(3), new Float64Array(3).fill(1)];
  for (const [step, { gradient, learningRate, expected }] of steps.entries()) {
    const trained = { spec, weight, slots, gradient: Float64Array.from(gradient) };
    updateWeight(trained, optimizer, { learningRate, step, scale: 1 });
    // Rounded to single precision, 6e-8, after every step. Epsilon outside of the root, or a mean square that begins at 0, shows as 1e-2.
    expect(relativeDifference(weight, expected)).toBeLessThan(2e-7);
  }
});
