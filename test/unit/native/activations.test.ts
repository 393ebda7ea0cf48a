/** @file Activations of the native engine and their slopes against double precision, over all of float32's range, on every target. */
import { expect, test } from "vitest";
import type { SessionOptions } from "../../../src/engines/engine.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { network, type ActivationName } from "../../../src/network/index.ts";
import { describeTargets } from "../../property/native/targets.ts";

const CHANNELS = 50; // no multiple of any vector width
const IMAGES = 80;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const exact: Readonly<Record<ActivationName, (x: number) => number>> = {
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  swish: (x) => x * logistic(x),
  hswish: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  sigmoid: logistic,
  hsigmoid: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  tanh: Math.tanh,
};

const inside = (x: number, from: number, to: number): number => (x > from && x < to ? 1 : 0);
const slopes: Readonly<Record<ActivationName, (x: number) => number>> = {
  relu: (x) => inside(x, 0, Infinity),
  relu6: (x) => inside(x, 0, 6),
  swish: (x) => logistic(x) * (1 + x * logistic(-x)),
  hswish: (x) => (inside(x, -3, 3) === 1 ? (2 * x + 3) / 6 : inside(x, 0, Infinity)),
  sigmoid: (x) => logistic(x) * logistic(-x),
  hsigmoid: (x) => inside(x, -3, 3) / 6,
  tanh: (x) => 1 / Math.cosh(x) ** 2,
};

/** Both signs, from the smallest normal numbers to the largest, and closely where the functions bend. */
const values = Float32Array.from({ length: CHANNELS * IMAGES }, (_, i) => {
  const sign = i % 2 === 0 ? 1 : -1;
  const place = i / (CHANNELS * IMAGES);
  return i % 4 < 2 ? sign * 10 ** (-37 + place * 75) : sign * place * 105;
});

const names = Object.keys(exact) as ActivationName[];
const options = (batchSize: number): SessionOptions => ({
  batchSize,
  seed: 0,
  optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
  loss: { labelSmoothing: 0.5, auxiliaryWeight: 0 },
});

describeTargets("activations", ({ name, width }) => {
  test.each(names)("%s", async (kind) => {
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    const one = network("one", [1, 1, CHANNELS], (net) => net.flatten("flat", net.activate("act", net.input, kind)));
    const session = await engine.open(one, options(IMAGES));
    const got = await session.predict(values, IMAGES);
    let worst = 0;
    for (const [i, x] of values.entries()) {
      const want = exact[kind](x);
      // Swish is zero from where e^-x overflows, at 3e-37; what is below the normal numbers may be flushed to zero anyway.
      worst = Math.max(worst, Math.max(0, Math.abs((got[i] as number) - want) - 2 ** -121) / Math.abs(want || 1));
    }
    expect(worst).toBeLessThan(4e-7);
    const special = values.slice();
    special.set([Infinity, -Infinity, Number.NaN, 0]);
    const [up, down, none, zero] = await session.predict(special, IMAGES);
    expect([up, zero]).toEqual([Math.fround(exact[kind](Infinity)), Math.fround(exact[kind](0))]);
    // Minus infinity times zero, for swish and its hard form.
    expect(down).toBe(kind.endsWith("swish") ? Number.NaN : exact[kind](-Infinity));
    expect(none).toBeNaN();
    await session.close();
  });

  test.each(names)("slope of %s", async (kind) => {
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    // Of weights of one, so that their gradient is the slope at x, times x, times the loss's gradient.
    const scaled = network("scaled", [1, 1, CHANNELS], (net) =>
      net.flatten("flat", net.activate("act", net.depthwiseConv("w", net.input, { kernel: 1 }), kind)),
    );
    const weights = new Map([["w/kernel", new Float32Array(CHANNELS).fill(1)]]);
    const session = await engine.open(scaled, { ...options(1), weights });
    const step = { learningRate: 0, dropPathRate: 0, step: 0 };
    let worst = 0;
    for (let image = 0; image < IMAGES; image++) {
      // Large and small ones in every image; within what a softmax has gradients for.
      const xs = Float32Array.from({ length: CHANNELS }, (_, c) =>
        Math.min(Math.max(values[c * IMAGES + image] as number, -80), 80),
      );
      const { gradients } = await session.gradients({ size: 1, images: xs, labels: Uint8Array.of(0) }, step);
      const logits = Array.from(xs, (x) => exact[kind](x));
      const largest = Math.max(...logits);
      const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
      for (const [c, x] of xs.entries()) {
        const probability = Math.exp((logits[c] as number) - largest) / sum;
        const wanted = 0.5 / CHANNELS + (c === 0 ? 0.5 : 0);
        const want = (probability - wanted) * slopes[kind](x) * x;
        const got = (gradients.get("w/kernel") as Float32Array)[c] as number;
        // Numbers below the normal ones may be flushed to zero.
        const error = Math.max(0, Math.abs(got - want) - 2 ** -126);
        worst = Math.max(worst, error / (probability + wanted) / (1 + Math.abs(largest)) / Math.abs(x));
      }
    }
    // Absolute, since slopes are differences of numbers near one. A logit's rounding error is of its size, and its probability's by as much.
    expect(worst).toBeLessThan(2e-7);
    await session.close();
  });
});
