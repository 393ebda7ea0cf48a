import { expect, test } from "vitest";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomCase } from "../../support/random-network.ts";

const base = {
  seed: 5,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};
for (const target of ["avx512:16", "avx512:8", "avx2", "plain"]) {
  test(`random ${target}`, async () => {
    const engine = await openNativeEngine({ target });
    const reference = openReferenceEngine();
    for (let seed = 0; seed < 400; seed++) {
      const { network, weights, batches } = randomCase(seed, { length: 10, stem: true, auxiliary: seed % 3 === 0 });
      const [batch] = batches;
      const options = { ...base, weights, batchSize: batch!.size };
      const step = { learningRate: 0.01, dropPathRate: 0.3, step: 3 };
      const a = await engine.open(network, options);
      const b = await reference.open(network, options);
      const place = `seed ${seed}`;
      const [pa, pb] = [await a.predict(batch!.images, batch!.size), await b.predict(batch!.images, batch!.size)];
      expect(relativeDifference(pa, pb), place).toBeLessThan(1e-3);
      const [ga, gb] = [await a.gradients(batch!, step), await b.gradients(batch!, step)];
      expect(Math.abs(ga.loss - gb.loss), place).toBeLessThan(1e-3);
      for (const [name, values] of gb.gradients)
        expect(relativeDifference(ga.gradients.get(name)!, values), `${place} ${name}`).toBeLessThan(5e-3);
    }
  });
}
