/** @file Local response norms of the native engine against double precision, from small numbers to large ones, on every target. */
import { expect, test } from "vitest";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { network } from "../../../src/network/index.ts";
import { describeTargets } from "../../property/native/targets.ts";

const CHANNELS = 21; // no multiple of any vector width
const IMAGES = 40;
const [size, alpha, k] = [3, 0.5, 1.5];

const values = Float32Array.from({ length: CHANNELS * IMAGES }, (_, i) => {
  return Math.sin(i + 1) * 10 ** (-3 + (7 * Math.floor(i / CHANNELS)) / IMAGES);
});

describeTargets("local response norm", ({ name, width }) => {
  // The first three take square roots, the others powers.
  test.each([0.5, 0.75, 1, 0.1, 0.6, 2])("with a beta of %f", async (beta) => {
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    const one = network("one", [1, 1, CHANNELS], (net) =>
      net.flatten("flat", net.localResponseNorm("norm", net.input, { size, alpha, beta, k })),
    );
    const session = await engine.open(one, {
      batchSize: IMAGES,
      seed: 0,
      optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    });
    const got = await session.predict(values, IMAGES);
    let worst = 0;
    for (const [i, x] of values.entries()) {
      const c = i % CHANNELS;
      const window = values.subarray(i - Math.min(c, 1), i + Math.min(CHANNELS - c, 2));
      const base = k + (alpha / size) * window.reduce((sum, v) => sum + v * v, 0);
      const want = x * base ** -beta;
      // A power's exponent is rounded to its own size.
      worst = Math.max(worst, Math.abs((got[i] as number) / want - 1) / (1 + beta * Math.log(base)));
    }
    expect(worst).toBeLessThan(4e-7);
    await session.close();
  });
});
