/** @file The space of modules: the networks of the papers that are in it, each the very network of its baseline; its size; every kind of module on two engines. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { canonicalId, costOf, inferShapes, initializeWeights, type Network } from "cellwright/network";
import { modules, namedNetworks } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { exportPyTorch } from "../../src/export/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import golden from "./counts.json" with { type: "json" };

const imagenet = { input: [224, 224, 3], classes: 1000, stem: "imagenet", filters: 64 } as const;

describe("networks of the papers in it", () => {
  const pairs = [
    ["resnet-18", "resnet-18"],
    ["resnet-34", "resnet-34"],
    ["resnet-50", "resnet-50"],
    ["resnet-v2-50", "resnet-v2-50"],
    ["resnext-50", "resnext-50-32x4d"],
    ["se-resnet-50", "se-resnet-50"],
  ] as const;
  it.each(pairs)("%s is the baseline %s", (name, id) => {
    const { network } = modules.decode(modules.named[name] ?? {}, imagenet);
    const baseline = (namedNetworks[id] as () => Network)();
    const { params, total, macs } = costOf(network);
    expect(costOf(baseline)).toMatchObject({ params, total, macs });
    expect(canonicalId(network)).toBe(canonicalId(baseline));
    const published = golden.networks.find((each) => each.id === id);
    if (published !== undefined) expect({ params, total, macs }).toMatchObject({ params: published.params });
  });
});

it("has (20 modules x 6 depths x 4 widths)^4 networks", () => {
  expect(modules.count()).toBe((20n * 6n * 4n) ** 4n);
});

/** A chain of one kind of module, small; options as its genotype has them. */
function chainOf(kind: number, options: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [decision] = modules.decisions;
  const name = decision?.kind === "choice" ? decision.options[kind]?.name : undefined;
  return Object.fromEntries(
    [0, 1, 2, 3].flatMap((stage) => [
      [`stage${stage}.module`, kind],
      ...Object.entries(options).map(([key, value]) => [`stage${stage}.module.${name}.${key}`, value]),
      [`stage${stage}.depth`, 1 + (stage % 2)],
      [`stage${stage}.width`, 0],
    ]),
  ) as Record<string, number>;
}

const chains = [
  ["plain", chainOf(0)],
  ["inception", chainOf(1)],
  ["basic", chainOf(2, { squeeze: 1 })],
  ["bottleneck", chainOf(3, { squeeze: 0 })],
  ["preActivation", chainOf(4)],
  ["aggregated", chainOf(5, { groups: 0 })],
  ["separable", chainOf(6)],
  ["inverted", chainOf(7, { kernel: 1, expansion: 0, squeeze: 1 })],
  ["dense", chainOf(8)],
  ["shuffle", chainOf(9)],
] as const;

const small = { input: [16, 16, 3], classes: 4, filters: 16 } as const;

describe("a chain of one kind of module", () => {
  it.each(chains)(
    "%s: has the stages' channels and sizes, and trains on the native engine as on the reference",
    async (kind, genotype) => {
      const { network } = modules.decode(genotype, small);
      const decision = modules.decisions[0];
      expect(decision?.kind === "choice" && decision.options.some(({ name }) => name === kind)).toBe(true);
      const shapes = inferShapes(network);
      const pooled = network.nodes.find(({ op, id }) => op === "globalAvgPool" && id === "head/pool");
      expect(shapes.get(pooled?.inputs[0] as string)).toEqual([2, 2, 64]);
      const rng = createRng("modules").fork(kind);
      const weights = initializeWeights(network, 1);
      const batches = [randomBatch(network, 6, rng)];
      await expectAgreement(await openEngine("native"), openReferenceEngine(), { seed: 1, network, weights, batches });
    },
  );
});

it("decodes, has shapes and costs whatever is drawn", () => {
  const rng = createRng("modules/samples");
  const sizes = Array.from({ length: 30 }, () => {
    const { network } = modules.decode(modules.sample(rng), { ...small, filters: 32 });
    expect(inferShapes(network).get(network.outputs.logits)).toEqual([4]);
    return costOf(network).params;
  });
  expect(new Set(sizes).size).toBe(30);
});

it("mixes kinds of module on two engines, and exports them", async () => {
  const native = await openEngine("native");
  const rng = createRng("modules/mixed");
  for (const seed of [0, 1, 2]) {
    const sampled = modules.sample(rng);
    const genotype = Object.fromEntries(
      Object.entries(sampled).map(([path, value]) => [
        path,
        path.endsWith("depth") ? 1 : path.endsWith("width") ? 0 : value,
      ]),
    );
    const { network } = modules.decode(genotype, small);
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 6, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
    const model = new TextDecoder().decode(exportPyTorch(network, weights, { name: "mixed" }).get("model.py"));
    expect(model).toContain("class Mixed(nn.Module)");
  }
});

it("grows with phi, and names what is wrong with a skeleton", () => {
  const grown = modules.scaleSkeleton?.(modules.skeleton, { depth: 1.44, width: 3.1, resolution: 1.32 });
  expect(grown).toMatchObject({ depth: 1.44, filters: 48, input: [40, 40, 3] });
  const deep = modules.decode(modules.named["resnet-18"] ?? {}, { depth: 1.44 }).network;
  expect(deep.nodes.some(({ id }) => id === "stage3/block2/add")).toBe(true);
  expect(() => modules.decode(modules.named["resnet-18"] ?? {}, { filters: 24, depth: 0 })).toThrow(
    /skeleton\.filters {2}Expected a multiple of 16.*\nskeleton\.depth {2}Expected a factor above 0/,
  );
});
