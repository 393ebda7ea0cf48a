/** @file The space of AmoebaNet: its size as published, the published networks' sizes, and that its networks train. */
import { expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights } from "cellwright/network";
import { amoebanet, amoebanetOutputs, describeGenotype } from "cellwright/spaces";
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

const published = {
  ...amoebanet.skeleton,
  classes: 1000,
  stem: "imagenet",
  stemMultiplier: 1,
  skipReductionLayerInput: true,
} as const;

it.each([
  // As published: millions of parameters for CIFAR; for ImageNet multiply-adds too.
  ["amoebanet-a", "3.2 M", { cellsPerStack: 6, filters: 36 }, 3_218_266, 509_668_992],
  [
    "amoebanet-a",
    "5.1 M, 555 M",
    { ...published, input: [224, 224, 3], cellsPerStack: 4, filters: 50 },
    5_086_930,
    554_687_204,
  ],
  [
    "amoebanet-a",
    "87 M, 23 B",
    { ...published, input: [331, 331, 3], cellsPerStack: 6, filters: 190 },
    86_718_797,
    23_133_663_507,
  ],
  [
    "amoebanet-c",
    "155 M, 41 B",
    { ...published, input: [331, 331, 3], cellsPerStack: 6, filters: 228 },
    155_272_667,
    41_129_488_875,
  ],
] as const)("%s has the published %s", (name, _, skeleton, params, macs) => {
  const cost = costOf(
    amoebanet.decode(amoebanet.named[name] ?? {}, skeleton as Partial<typeof amoebanet.skeleton>).network,
  );
  expect([cost.params, cost.macs]).toEqual([params, macs]);
});

it("puts out what the released cells do, and else its loose ends", () => {
  const shapes = inferShapes(amoebanet.decode(amoebanet.named["amoebanet-a"] ?? {}, { filters: 16 }).network);
  expect([shapes.get("cell0/output")?.[2], shapes.get("reduction0/output")?.[2]]).toEqual([4 * 16, 5 * 32]);
  expect(amoebanetOutputs({ blocks: [], looseEnds: [2, 5] })).toEqual([2, 5]);
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const rng = createRng("amoebanet/engines");
  for (const seed of [0, 1, 2, 3]) {
    const skeleton = { input: [12, 12, 3], cellsPerStack: 1, stacks: 2, filters: 4 } as const;
    const { network } = amoebanet.decode(
      seed === 0 ? (amoebanet.named["amoebanet-a"] ?? {}) : amoebanet.sample(rng),
      skeleton,
    );
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});
