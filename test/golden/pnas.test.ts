/** @file The space of Progressive NAS against published sizes: PNASNet-5 Large, Mobile and for CIFAR, endpoint shapes, size of the space. Tolerance 0. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, type Network } from "cellwright/network";
import { namedNetworks, nasnet, nasnetCells, nasnetOutputs, pnas } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import golden from "./counts.json" with { type: "json" };

const pnasnet5 = pnas.named["pnasnet-5"] ?? {};
const named = (id: string): Network => (namedNetworks[id] as () => Network)();

it("has as many cells as AmoebaNet of each kind", () => {
  const size = golden.space_sizes.find(({ id }) => id === "amoebanet-per-cell")?.size;
  expect(pnas.count()).toBe(BigInt(size ?? 0));
});

describe("PNASNet-5", () => {
  it("Large has the parameters of the released weights, Mobile and CIFAR the published millions", () => {
    expect(costOf(named("pnasnet-5-large"))).toMatchObject({
      params: 86_057_668,
      total: 86_234_656,
      macs: 24_937_395_792,
    });
    // Published: 5.1 M and 588 M; 3.2 M.
    expect(costOf(named("pnasnet-5-mobile"))).toMatchObject({ params: 5_064_487, total: 5_098_151, macs: 587_293_200 });
    expect(costOf(pnas.decode(pnasnet5, { cellsPerStack: 3, filters: 48 }).network).params).toBe(3_189_082);
  });

  it.each([
    [
      "pnasnet-5-large",
      4,
      [42, 42, 540],
      [
        [42, 42, 1080],
        [21, 21, 2160],
        [11, 11, 4320],
      ],
    ],
    [
      "pnasnet-5-mobile",
      3,
      [28, 28, 135],
      [
        [28, 28, 270],
        [14, 14, 540],
        [7, 7, 1080],
      ],
    ],
  ] as const)("%s has the endpoint shapes of the released code (pnasnet_test.py)", (id, cells, stem, stacks) => {
    const shapes = inferShapes(named(id));
    expect(shapes.get("stem/cell1/output")).toEqual(stem);
    for (const [stack, shape] of stacks.entries())
      for (let i = 0; i < cells; i++) {
        const cell = i === 0 && stack > 0 ? `reduction${stack - 1}` : `cell${stack * cells + i}`;
        expect([cell, shapes.get(`${cell}/output`)]).toEqual([cell, shape]);
      }
    expect([shapes.has(`cell${cells}/output`), shapes.has(`cell${3 * cells}/output`)]).toEqual([false, false]);
  });

  it("reads before a reduction what its predecessor read, and drops paths by the depth of all cells", () => {
    const { nodes } = named("pnasnet-5-large");
    const inputs = (path: string): readonly string[] | undefined => nodes.find(({ id }) => id === path)?.inputs;
    expect(inputs("reduction0/previous/act")).toEqual(["cell2/output"]);
    expect(inputs("cell5/previous/act")).toEqual(["cell3/output"]);
    const last = nodes.findLast(({ op }) => op === "dropPath");
    expect(last?.attributes).toEqual({ depthFraction: 1 });
  });

  it("is a genotype of NASNet's space too, where it also puts out all five blocks", () => {
    const genotype = nasnet.named["pnasnet-5"] ?? {};
    const { normal, reduction } = nasnetCells(genotype);
    expect([nasnetOutputs(normal), nasnetOutputs(reduction)]).toEqual([
      [2, 3, 4, 5, 6],
      [2, 3, 4, 5, 6],
    ]);
    const shapes = inferShapes(nasnet.decode(genotype, { filters: 16 }).network);
    expect(shapes.get("cell0/output")).toEqual([32, 32, 80]);
  });
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const rng = createRng("pnas/engines");
  for (const seed of [0, 1, 2, 3]) {
    const skeleton = { input: [12, 12, 3], cellsPerStack: 1, stacks: 2, filters: 4 } as const;
    const { network } = pnas.decode(seed === 0 ? pnasnet5 : pnas.sample(rng), skeleton);
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});
