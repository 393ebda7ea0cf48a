/** @file Activations of the native engine against double precision, over all of float32's range, on every target. */
import { expect, test } from "vitest";
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

/** Both signs, from the smallest normal numbers to the largest, and closely where the functions bend. */
const values = Float32Array.from({ length: CHANNELS * IMAGES }, (_, i) => {
  const sign = i % 2 === 0 ? 1 : -1;
  const place = i / (CHANNELS * IMAGES);
  return i % 4 < 2 ? sign * 10 ** (-37 + place * 75) : sign * place * 105;
});

describeTargets("activations", ({ name, width }) => {
  test.each(Object.keys(exact) as ActivationName[])("%s", async (kind) => {
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    const one = network("one", [1, 1, CHANNELS], (net) => net.flatten("flat", net.activate("act", net.input, kind)));
    const session = await engine.open(one, {
      batchSize: IMAGES,
      seed: 0,
      optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    });
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
});
