/** @file The space of AmoebaNet: its size as published, and that its networks train. */
import { expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { initializeWeights } from "cellwright/network";
import { amoebanet, describeGenotype } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import golden from "./counts.json" with { type: "json" };

it("has as many cells of each kind as published", () => {
  const size = golden.space_sizes.find(({ id }) => id === "amoebanet-per-cell")?.size;
  expect(size).toBe("556627761561600");
  expect(amoebanet.count()).toBe(BigInt(size ?? 0) ** 2n);
});

it("has sums alone, and names its cells as NASNet's are", () => {
  const rng = createRng("amoebanet");
  for (let i = 0; i < 30; i++)
    expect(describeGenotype(amoebanet, amoebanet.sample(rng))).toMatch(
      /^normal: \w+\(\d\)\+\w+\(\d\)( · \w+\(\d\)\+\w+\(\d\)){4}/,
    );
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const rng = createRng("amoebanet/engines");
  for (const seed of [0, 1, 2, 3]) {
    const skeleton = { input: [12, 12, 3], cellsPerStack: 1, stacks: 2, filters: 4 } as const;
    const { network } = amoebanet.decode(amoebanet.sample(rng), skeleton);
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});
