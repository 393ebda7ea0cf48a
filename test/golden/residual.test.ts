/** @file Residual networks against published sizes. Tolerance 0; where only rounded figures are public, every digit of those. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, type Network } from "cellwright/network";
import {
  namedNetworks,
  resnet,
  resnet18AtMacs,
  resnetCifar,
  resnetV2,
  shufflenetV1,
  shufflenetV2,
} from "cellwright/spaces";
import { residualNetworks } from "../../search-spaces/baselines/residual.ts";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import golden from "./counts.json" with { type: "json" };

const built = (id: string): Network => (namedNetworks[id] as () => Network)();

describe("sizes of published networks", () => {
  const published = golden.networks.filter(({ id }) => id in residualNetworks);
  it("has them all to hand", () => {
    expect(published.map(({ id }) => id)).toEqual([
      "resnet-18",
      "resnet-50",
      "resnet-v2-50",
      "resnext-50-32x4d",
      "se-resnet-50",
      "shufflenet-v2",
    ]);
  });
  it.each(published)("$id: $params parameters, $macs MACs", ({ id, params, total, macs }) => {
    expect(costOf(built(id))).toMatchObject({ params, total, macs });
  });

  /** Parameters as torchvision's, and 10^9 MACs as its documentation rounds them. */
  const torchvision = [
    ["resnet-34", 21_797_672, "3.664"],
    ["resnet-101", 44_549_160, "7.801"],
    ["resnet-152", 60_192_808, "11.514"],
    ["wide-resnet-50-2", 68_883_240, "11.398"],
    ["resnext-101-32x8d", 88_791_336, "16.414"],
    ["shufflenet-v2@0.5", 1_366_792, "0.040"],
    ["shufflenet-v2@1.5", 3_503_624, "0.296"],
    ["shufflenet-v2@2.0", 7_393_996, "0.583"],
  ] as const;
  it.each(torchvision)("%s: %i parameters, %s GMAC", (id, params, gigamacs) => {
    const cost = costOf(built(id));
    expect([cost.params, (cost.macs / 1e9).toFixed(3)]).toEqual([params, gigamacs]);
  });

  /** Of an independent implementation that gives the classifier a bias (1,000 parameters), by groups and width. */
  const shufflenets = [
    [1, 1, 1_531_936],
    [2, 1, 1_733_848],
    [3, 1, 1_865_728],
    [4, 1, 1_968_344],
    [8, 1, 2_434_768],
    [1, 0.75, 975_214],
    [3, 0.75, 1_238_266],
    [1, 0.5, 534_484],
    [3, 0.5, 718_324],
    [3, 0.25, 305_902],
  ] as const;
  it.each(shufflenets)("shufflenet-v1 of %i groups at %f: %i parameters with a bias", (groups, width, params) => {
    expect(costOf(shufflenetV1({ groups, width })).params + 1000).toBe(params);
  });

  /** As the authors' release states them, in millions. */
  it.each([
    ["0.5", "0.7"],
    ["1.0", "1.9"],
    ["1.5", "3.4"],
    ["2.0", "5.4"],
  ])("shufflenet-v1@%s: %s million parameters", (width, millions) => {
    expect((costOf(built(`shufflenet-v1@${width}`)).params / 1e6).toFixed(1)).toBe(millions);
  });

  /** As the usual implementations for CIFAR-10 have them; the paper's table 6 rounds to 0.27 M, 0.46 M, 0.66 M, 0.85 M, 1.7 M. */
  const cifar = [
    ["resnet-18-cifar", 11_173_962, 555_422_720],
    ["resnet-20-cifar", 269_722, 40_551_040],
    ["resnet-32-cifar", 464_154, 68_862_592],
    ["resnet-44-cifar", 658_586, 97_174_144],
    ["resnet-56-cifar", 853_018, 125_485_696],
    ["resnet-110-cifar", 1_727_962, 252_887_680],
  ] as const;
  it.each(cifar)("%s: %i parameters, %i MACs", (id, params, macs) => {
    expect(costOf(built(id))).toMatchObject({ params, macs });
  });
});

it("halves the image where torchvision does", () => {
  const shapes = inferShapes(built("resnet-50"));
  expect(["stem/act", "stem/pool", "stage0/block2/act", "stage3/block2/act"].map((id) => shapes.get(id))).toEqual([
    [112, 112, 64],
    [56, 56, 64],
    [56, 56, 256],
    [7, 7, 2048],
  ]);
  const odd = inferShapes(resnet({ depth: 18, input: [225, 225, 3] }));
  expect(odd.get("stage3/block1/act")).toEqual([8, 8, 512]);
});

it("has width and classes as arguments, and says which depths there are", () => {
  const narrow = resnet({ depth: 18, input: [32, 32, 3], classes: 100, width: 8 });
  expect(inferShapes(narrow).get("stage3/block1/act")).toEqual([4, 4, 64]);
  expect(inferShapes(narrow).get(narrow.outputs.logits)).toEqual([100]);
  expect(() => resnet({ depth: 19 as never })).toThrow(
    /resnet: depth {2}Expected 18, 34, 50, 101, 152\. Received: 19\./,
  );
  expect(() => resnetCifar({ depth: 21 })).toThrow(/6n \+ 2 layers/);
});

describe("ResNet-18's form for CIFAR-10 at given multiply-accumulates", () => {
  const images = { input: [32, 32, 3], classes: 10 } as const;
  const costAt = (width: number): number => costOf(resnet({ depth: 18, ...images, width })).macs;
  it("is the width that comes nearest, the published one among them", () => {
    expect(resnet18AtMacs(555_422_720, images).width).toBe(64);
    for (const macs of [1e6, 8.2e6, 65_761_024, 3e8]) {
      const { width, network } = resnet18AtMacs(macs, images);
      const off = (each: number): number => Math.abs(costAt(each) - macs);
      expect(off(width)).toBeLessThanOrEqual(Math.min(off(width + 1), off(Math.max(1, width - 1))));
      expect([costOf(network).macs, network.name]).toEqual([costAt(width), `resnet-18-cifar, width ${width}`]);
    }
  });
  it("is of width 1 where that is too much already", () => {
    expect(resnet18AtMacs(100, images).width).toBe(1);
  });
});

it("names the widths and groups that ShuffleNets have", () => {
  expect(() => shufflenetV1({ groups: 5 as never })).toThrow(/groups {2}Expected 1, 2, 3, 4, 8\. Received: 5\./);
  expect(() => shufflenetV2({ width: 3 as never })).toThrow(/width {2}Expected 0\.5, 1, 1\.5, 2\. Received: 3\./);
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const input = [16, 16, 3] as const;
  const small: readonly Network[] = [
    resnet({ depth: 18, input, classes: 5, width: 4 }),
    resnet({ depth: 50, input, classes: 5, width: 4, squeeze: 0.25, bottleneck: { groups: 2, widening: 2 } }),
    resnetV2({ depth: 50, input: [32, 32, 3], classes: 5, width: 4 }),
    resnetCifar({ depth: 8, input, classes: 5, width: 5 }),
    shufflenetV1({ input: [32, 32, 3], classes: 5, width: 0.2, stem: 6 }),
    shufflenetV2({ input: [32, 32, 3], classes: 5, width: 0.5 }),
  ];
  for (const [seed, each] of small.entries()) {
    const weights = initializeWeights(each, seed);
    const batches = [randomBatch(each, 4, createRng("residual").fork(seed))];
    await expectAgreement(native, openReferenceEngine(), { seed, network: each, weights, batches });
  }
});
