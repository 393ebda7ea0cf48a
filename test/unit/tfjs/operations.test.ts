/** @file Every operation of the tfjs engine by itself against the reference engine: gradients and inference, on every installed backend. */
import { describe, expect, it } from "vitest";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { openTfjsEngine } from "../../../src/engines/tfjs/index.ts";
import type { OpKind } from "../../../src/network/network.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomCase } from "../../support/random-network.ts";
import { testedTfjsBackends } from "../../support/tfjs-backends.ts";

const kinds: readonly OpKind[] = [
  "conv",
  "depthwiseConv",
  "batchNorm",
  "activation",
  "maxPool",
  "avgPool",
  "add",
  "multiply",
  "concat",
  "dropout",
  "dropPath",
  "zero",
  "slice",
  "pad",
];

// Single precision against double over a few dozen products; batch norm over as few as two values magnifies it.
const TOLERANCE = 1e-3;

describe.each(testedTfjsBackends())("tfjs on %s agrees with the reference", (backend) => {
  it.each(kinds)("in %s", async (kind) => {
    const engine = await openTfjsEngine(backend);
    for (let seed = 0; seed < 12; seed++) {
      const { network, weights, batches } = randomCase(seed, { length: 2, ops: [kind], auxiliary: true, stem: true });
      const [batch] = batches;
      if (!batch) throw new Error("no batch");
      const options = {
        batchSize: batch.size,
        seed,
        optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
        loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
        weights,
      };
      const reference = await openReferenceEngine().open(network, options);
      const tfjs = await engine.open(network, options);
      const step = { step: 0, learningRate: 0.1, dropPathRate: 0.3 };
      const expected = await reference.gradients(batch, step);
      const given = await tfjs.gradients(batch, step);
      const about = `seed ${seed}: ${network.nodes
        .filter((node) => node.op === kind)
        .map((node) => JSON.stringify(node.attributes))
        .join(" ")}`;
      expect(relativeDifference([given.loss], [expected.loss]), about).toBeLessThan(TOLERANCE);
      for (const [name, gradient] of expected.gradients) {
        const difference = relativeDifference(given.gradients.get(name) as Float32Array, gradient, 1e-2);
        expect(difference, `${about}: ${name}`).toBeLessThan(TOLERANCE);
      }
      const a = await reference.predict(batch.images, batch.size);
      const b = await tfjs.predict(batch.images, batch.size);
      expect(relativeDifference(b, a, 1e-1), about).toBeLessThan(TOLERANCE);
      await tfjs.close();
    }
  });
});
