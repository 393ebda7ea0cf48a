/** @file Mobile inverted bottlenecks against published sizes: every network of the family by name, at published multipliers, widths and repeats by stage. Tolerance 0. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, network, type Network } from "cellwright/network";
import {
  addBlock,
  efficientnet,
  efficientnetSkeletons,
  mbconv,
  mnasnet,
  mobilenetV1,
  namedNetwork,
  namedNetworks,
  roundFilters,
  roundRepeats,
} from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { decodeSafetensors, exportPyTorch } from "../../src/export/index.ts";
import { largestThatFits, scaleTo } from "../../src/scale/scale.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import golden from "./counts.json" with { type: "json" };

function named(id: string): Network {
  return namedNetwork(id) as Network;
}

describe("sizes of published networks", () => {
  const published = golden.networks.filter(({ id }) => /^(mnasnet|efficientnet|mobilenet)-/.test(id));
  it("has them all to hand", () => {
    expect(published.map(({ id }) => id)).toEqual([
      "mnasnet-a1",
      "mnasnet-b1",
      "efficientnet-b0",
      "efficientnet-b1",
      "efficientnet-b3",
      "efficientnet-b5",
      "efficientnet-b7",
      "mobilenet-v1",
      "mobilenet-v2",
    ]);
  });
  it.each(published)("$id: $params parameters, $macs MACs", ({ id, params, total, macs }) => {
    const cost = costOf(named(id));
    expect([cost.params, cost.total, cost.macs]).toEqual([params, total, macs]);
  });

  // Parameters and MACs in millions as torchvision states them with its weights; MnasNet-small's are timm's.
  it.each([
    ["mnasnet-small", 2_030_264],
    ["mnasnet-b1@0.5", 2_218_512, 104],
    ["mnasnet-b1@0.75", 3_170_208, 215],
    ["mnasnet-b1@1.3", 6_282_256, 526],
    ["mobilenet-v3-small", 2_542_856, 57],
  ])("%s: %i parameters", (id, params, megaMacs?: number) => {
    const cost = costOf(named(id));
    expect(cost.params).toBe(params);
    if (megaMacs !== undefined) expect(Math.round(cost.macs / 1e6)).toBe(megaMacs);
  });

  // By running torchvision (MobileNetV2 and V3), timm (MnasNet-A1, EfficientNet) and Keras (MobileNetV1).
  it.each([
    ["efficientnet-b2", 9_109_994, 9_177_562, 993_561_872],
    ["efficientnet-b4", 19_341_616, 19_466_816, 4_393_771_024],
    ["efficientnet-b6", 43_040_704, 43_265_136, 19_067_593_536],
    ["mobilenet-v3-large", 5_483_032, 5_507_432, 216_589_760],
    ["mobilenet-v3-large@0.35", 997_064, 1_005_640, 35_278_408],
    ["mobilenet-v3-large@0.5", 1_734_576, 1_746_928, 64_962_192],
    ["mobilenet-v3-large@0.75", 3_377_576, 3_395_992, 140_033_816],
    ["mobilenet-v3-large@1.25", 8_164_744, 8_195_336, 343_461_000],
    ["mobilenet-v3-large@1.4", 9_989_328, 10_023_536, 414_926_736],
    ["mnasnet-a1@0.5", 2_082_006, undefined, 103_162_992],
    ["mnasnet-a1@0.75", 2_912_278, undefined, 223_448_480],
    ["mnasnet-a1@1.4", 6_105_992, undefined, 586_317_952],
    ["mobilenet-v1@0.75", 2_585_560, 2_601_976, 325_400_448],
    ["mobilenet-v1@0.5", 1_331_592, 1_342_536, 149_497_088],
    ["mobilenet-v1@.25", 470_072, 475_544, 41_030_272],
    ["mobilenet-v2@0.35", 1_677_128, 1_691_208, 59_285_808],
    ["mobilenet-v2@0.5", 1_968_680, 1_987_224, 97_131_840],
    ["mobilenet-v2@0.75", 2_636_424, 2_663_064, 209_069_792],
    ["mobilenet-v2@1.3", 5_386_792, 5_431_048, 509_374_560],
    ["mobilenet-v2@1.4", 6_108_776, 6_156_712, 582_195_824],
  ])("%s: %i parameters", (id, params, total, macs) => {
    const cost = costOf(named(id));
    expect([cost.params, cost.macs]).toEqual([params, macs]);
    if (total !== undefined) expect(cost.total).toBe(total);
  });

  it("MobileNets at smaller images, and EfficientNet-B0 with ten classes", () => {
    const macs = (side: number): number => costOf(mobilenetV1({ input: [side, side, 3] })).macs;
    expect([192, 160, 128].map(macs)).toEqual([418_121_728, 290_675_200, 186_400_768]);
    const imagenet = { input: [224, 224, 3], classes: 1000, stem: "imagenet" } as const;
    const v2 = (side: 192 | 160 | 128): number => {
      const genotype = { ...mbconv.named["mobilenet-v2"], resolution: [224, 192, 160, 128].indexOf(side) };
      return costOf(mbconv.decode(genotype, imagenet).network).macs;
    };
    expect(([192, 160, 128] as const).map(v2)).toEqual([221_316_608, 154_083_200, 99_074_048]);
    const b0 = efficientnet.decode(efficientnet.named["efficientnet-b0"] ?? {}, { stem: "imagenet" }).network;
    expect(costOf(b0).params).toBe(4_020_358);
  });

  it("EfficientNet-B0 is one network in both spaces that have it", () => {
    const imagenet = { input: [224, 224, 3], classes: 1000, stem: "imagenet" } as const;
    const { network } = mbconv.decode(mbconv.named["efficientnet-b0"] ?? {}, imagenet);
    expect(network.nodes).toEqual(
      efficientnet.decode(efficientnet.named["efficientnet-b0"] ?? {}, imagenet).network.nodes,
    );
    const { params, total, macs } = costOf(network);
    expect({ params, total, macs }).toEqual({ params: 5_288_548, total: 5_330_564, macs: 385_814_752 });
  });

  it("ProxylessNAS's network for phones is a genotype too", () => {
    const imagenet = { input: [224, 224, 3], classes: 1000, stem: "imagenet" } as const;
    expect(costOf(mbconv.decode(mbconv.named["proxylessnas-mobile"] ?? {}, imagenet).network).params).toBe(4_080_512);
  });

  it("MobileNetV3 multiplies expanded channels for themselves", () => {
    const shapes = inferShapes(named("mobilenet-v3-large@0.75"));
    const expanded = ["stage1/block0", "stage3/block0", "stage3/block1", "stage3/block2", "stage4/block0"].map((at) =>
      shapes.get(`${at}/expand/bn`)?.at(-1),
    );
    // 64, 240, 200, 184 and 480 times 0.75: 48, 180, 150, 138 and 360.
    expect(expanded).toEqual([48, 184, 152, 136, 360]);
    expect([shapes.get("head/bn")?.at(-1), shapes.get("head/hidden/dense")]).toEqual([720, [960]]);
  });
});

describe("EfficientNet's stages", () => {
  it.each([
    [0, 32, 1280, "16x1 24x2 40x2 80x3 112x3 192x4 320x1"],
    [1, 32, 1280, "16x2 24x3 40x3 80x4 112x4 192x5 320x2"],
    [3, 40, 1536, "24x2 32x3 48x3 96x5 136x5 232x6 384x2"],
    [5, 48, 2048, "24x3 40x5 64x5 128x7 176x7 304x9 512x3"],
    [7, 64, 2560, "32x4 48x7 80x7 160x10 224x10 384x13 640x4"],
  ])("B%i: stem %i, head %i, %s", (b, stem, head, stages) => {
    const shapes = inferShapes(named(`efficientnet-b${b}`));
    expect([shapes.get("stem/act")?.at(-1), shapes.get("head/act")?.at(-1)]).toEqual([stem, head]);
    const found = Array.from({ length: 7 }, (_, s) => {
      const blocks = [...shapes].filter(([id]) => new RegExp(`^stage${s}/block\\d+/project/bn$`).test(id));
      expect(new Set(blocks.map(([, shape]) => shape.at(-1))).size).toBe(1);
      return `${blocks[0]?.[1].at(-1)}x${blocks.length}`;
    });
    expect(found.join(" ")).toBe(stages);
  });

  it("halves the image in the stem and in the stages that B0's strings say", () => {
    const shapes = inferShapes(named("efficientnet-b0"));
    const sides = ["stem/act", ...[0, 1, 2, 3, 4, 5, 6].map((s) => `stage${s}/block0/project/bn`)];
    expect(sides.map((id) => shapes.get(id)?.[0])).toEqual([112, 112, 56, 28, 14, 14, 7, 7]);
    const small = inferShapes(efficientnet.decode(efficientnet.named["efficientnet-b0"] ?? {}).network);
    expect(sides.map((id) => small.get(id)?.[0])).toEqual([32, 32, 32, 16, 8, 8, 4, 4]);
  });

  it("rounds as the released code does", () => {
    expect([
      roundFilters(24, 0.75),
      roundFilters(32, 0.35),
      roundFilters(83),
      roundFilters(84),
      roundFilters(1),
    ]).toEqual([24, 16, 80, 88, 8]);
    expect([roundRepeats(3, 1), roundRepeats(1, 1.1), roundRepeats(4, 3.1)]).toEqual([3, 2, 13]);
  });
});

describe("spaces", () => {
  it("count as many as they say", () => {
    const size = golden.space_sizes.find(({ id }) => id === "mnasnet")?.size;
    expect(size).toBe("15045919506432");
    expect(mnasnet.count()).toBe(432n ** 5n);
    expect(efficientnet.count()).toBe(96n ** 7n * 4n * 4n * 7n * 11n * 17n * 22n * 39n);
    const layer = 3n * 8n;
    const depth = (most: number): bigint =>
      Array.from({ length: most }, (_, i) => layer ** BigInt(i + 1)).reduce((a, b) => a + b);
    const stage = (filters: bigint, most: number): bigint => filters * 4n * 3n * depth(most);
    expect(mbconv.count()).toBe(4n * 4n * 3n * (1n + stage(2n, 2)) ** 2n * stage(3n, 4) ** 5n * 4n);
  });

  it.each([mnasnet, efficientnet, mbconv])("$name: samples decode, cost and export, at any input", (space) => {
    const rng = createRng(`${space.name}/samples`);
    for (let i = 0; i < 30; i++) {
      const genotype = space.sample(rng);
      const { network } = space.decode(genotype, { input: [20 + i, 32, 3], width: 0.5 });
      const cost = costOf(network);
      expect(cost.params).toBeGreaterThan(1000);
      expect(inferShapes(network).get(network.outputs.logits)).toEqual([10]);
      if (i >= 5) continue;
      const exported = exportPyTorch(network, initializeWeights(network, i)).get("weights.safetensors") as Uint8Array;
      const values = [...decodeSafetensors(exported).tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
      expect(values).toBe(cost.total);
    }
  });

  it.each([mnasnet, efficientnet, mbconv])("$name: grow with phi, and name what is wrong with a skeleton", (space) => {
    const grown = space.scaleSkeleton?.(space.skeleton as never, { depth: 1.44, width: 1.21, resolution: 1.32 });
    expect(grown).toMatchObject({ depth: 1.44, width: 1.21, input: [44, 44, 3], stem: "cifar" });
    const large = { ...space.skeleton, input: [112, 112, 3] };
    expect(space.scaleSkeleton?.(large as never, { depth: 1, width: 1, resolution: 1 })).toMatchObject({
      stem: "imagenet",
      input: [112, 112, 3],
    });
    expect(() => space.decode(Object.values(space.named)[0] ?? {}, { width: 0, padding: "odd" as never })).toThrow(
      /skeleton\.width {2}Expected a number greater than 0 and at most 256\. Received: 0\.\nskeleton\.padding {2}Expected "same" or "symmetric"/,
    );
  });

  it("EfficientNet-B0 grows with phi to about twice the MACs", () => {
    const genotype = efficientnet.named["efficientnet-b0"] ?? {};
    const subject = { space: efficientnet, genotype, skeleton: efficientnetSkeletons[0] ?? {} };
    const { skeleton, macs, notes } = scaleTo(subject, 1);
    expect(skeleton).toMatchObject({ input: [256, 256, 3], width: 1.1, depth: 1.2 });
    expect(notes).toEqual([
      "input 257.6 rounded to 256",
      "layers 1.2 2.4 2.4 3.6 3.6 4.8 1.2 rounded to 2 3 3 4 4 5 2",
      "filters 17.6 26.4 44 88 123.2 211.2 352 rounded to 16 24 48 88 120 208 352",
    ]);
    // 1.92 by the paper's formula; layers are rounded up, 16 to 23.
    const times = macs / costOf(named("efficientnet-b0")).macs;
    expect(times).toBeGreaterThan(1.92);
    expect(times).toBeLessThan(1.92 * (23 / 16));
    expect(largestThatFits(subject, { maxMacs: 2e9 })?.macs).toBeLessThan(2e9);
  });

  it("averages the image down to the resolution that a genotype has", () => {
    const genotype = { ...mbconv.named["mobilenet-v3-small"], resolution: 3 };
    expect(() => mbconv.decode(genotype, { widens: "both" as never })).toThrow(
      /skeleton\.widens {2}Expected "input" or "expanded"\. Received: "both"/,
    );
    const { network } = mbconv.decode(genotype, { input: [32, 48, 3] });
    expect(inferShapes(network).get("resolution/pool")).toEqual([18, 27, 3]);
    expect(network.nodes.some(({ id }) => id.startsWith("stage0/"))).toBe(false);
  });

  it.each([mnasnet, efficientnet, mbconv])("$name: trains on the native engine as on the reference", async (space) => {
    const native = await openEngine("native");
    const rng = createRng(`${space.name}/engines`);
    for (const seed of [0, 1, 2]) {
      const { network } = space.decode(space.sample(rng), { input: [8, 8, 3], classes: 4, width: 0.05 });
      const weights = initializeWeights(network, seed);
      const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
      await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
    }
  });
});

describe("blocks", () => {
  const block = { op: "mbconv", kernel: 3, expanded: 8, filters: 8, activation: "relu", skip: "identity" } as const;
  const idsOf = (change: object, stride: 1 | 2, depthFraction?: number): readonly string[] =>
    network("block", [8, 8, 8], (net) => {
      const site = { path: "b", stride, padding: "symmetric", depthFraction } as const;
      return net.globalAvgPool("pool", addBlock(net, net.input, { ...block, ...change }, site));
    }).nodes.map(({ id }) => id.replace("b/", ""));

  it("expand only to other channels, and add what the shortcut says where it fits", () => {
    const plain = "input dw/conv dw/bn dw/act project/conv project/bn add pool";
    expect(idsOf({}, 1)).toEqual(plain.split(" "));
    expect(idsOf({ expanded: 16 }, 1).slice(1, 4)).toEqual(["expand/conv", "expand/bn", "expand/act"]);
    expect(idsOf({}, 2)).not.toContain("add");
    expect(idsOf({ filters: 16 }, 1)).not.toContain("add");
    expect(idsOf({ skip: "none" }, 1)).not.toContain("add");
    expect(idsOf({ skip: "pool" }, 2).slice(-3)).toEqual(["skip/pool", "add", "pool"]);
    expect(idsOf({}, 1, 0.5).slice(-3)).toEqual(["drop", "add", "pool"]);
    expect(idsOf({ op: "conv" }, 1).slice(1, 4)).toEqual(["conv/conv", "conv/bn", "conv/act"]);
  });

  it("are residual and later ones dropped more often in EfficientNet", () => {
    const drops = named("efficientnet-b0").nodes.filter(({ op }) => op === "dropPath");
    expect(drops.map(({ id, attributes }) => [id, (attributes as { depthFraction: number }).depthFraction])).toEqual(
      [
        ["stage1/block1/drop", 2],
        ["stage2/block1/drop", 4],
        ["stage3/block1/drop", 6],
        ["stage3/block2/drop", 7],
        ["stage4/block1/drop", 9],
        ["stage4/block2/drop", 10],
        ["stage5/block1/drop", 12],
        ["stage5/block2/drop", 13],
        ["stage5/block3/drop", 14],
      ].map(([id, b]) => [id, Number(b) / 16]),
    );
  });
});

describe("names", () => {
  it("every network of the family is there, named by its id", () => {
    for (const id of ["efficientnet-b4", "mobilenet-v3-large", "mnasnet-small", "mobilenet-v2@1.4"])
      expect(named(id).name).toBe(id);
    expect(Object.keys(namedNetworks)).toContain("efficientnet-b7");
    expect(namedNetwork("efficientnet-b8")).toBeUndefined();
    expect(namedNetwork("toString")).toBeUndefined();
    expect(costOf(named("mobilenet-v2@1.0")).params).toBe(costOf(named("mobilenet-v2")).params);
  });

  it.each(["0", "-1", "two", "", "17", "1e9", "1,4"])("a multiplier of %j is an error", (text) => {
    expect(() => namedNetwork(`mobilenet-v2@${text}`)).toThrow(
      `mobilenet-v2@${text}  Expected a multiplier above 0 and up to 16, such as mobilenet-v2@0.5. Received: "${text}".`,
    );
  });

  it("so is one of a network that has none", () => {
    expect(() => namedNetwork("efficientnet-b0@2")).toThrow(/Expected no multiplier, which only .*mobilenet-v2/);
  });
});
