/** @file The NASNet space against published sizes: counts of whole networks, heads and cells, endpoint shapes, size of the space. Tolerance 0. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { canonicalId, costOf, inferShapes, network, separable, sumCosts, type Network } from "cellwright/network";
import { namedNetworks, nasnet, type NasnetSkeleton } from "cellwright/spaces";
import golden from "./counts.json" with { type: "json" };

const nasnetA = nasnet.named["nasnet-a"] ?? {};

function decode(skeleton: Partial<NasnetSkeleton>): Network {
  return nasnet.decode(nasnetA, skeleton).network;
}

/** The cost of the nodes below a path. */
function costBelow(net: Network, path: string): ReturnType<typeof sumCosts> {
  return sumCosts(costOf(net).nodes.filter(({ id }) => id.startsWith(`${path}/`)));
}

const AUXILIARY = "nasnet-a-cifar-aux-head";
const published = golden.networks.filter(({ id }) => id.startsWith("nasnet-"));

describe("sizes of published NASNet networks", () => {
  it("has them all to hand", () => {
    expect(published.length).toBeGreaterThanOrEqual(7);
  });

  for (const { id, params, total, macs } of published) {
    it(`${id}: ${params} parameters, ${macs} MACs`, () => {
      const build = namedNetworks[id] as () => Network;
      expect(build, `namedNetworks has no ${id}`).toBeDefined();
      const cost = costOf(build());
      expect({ params: cost.params, total: cost.total, macs: cost.macs }).toEqual({ params, total, macs });
    });
  }

  it("nasnet-a-large: the total that keras-applications' 93.5 M leaves without its auxiliary head", () => {
    const build = namedNetworks["nasnet-a-large"] as () => Network;
    expect(costOf(build()).total).toBe(88_949_818);
  });

  it("nasnet-a-mobile without its classifier", () => {
    const cost = costOf((namedNetworks["nasnet-a-mobile"] as () => Network)());
    const dense = cost.nodes.find(({ id }) => id === "head/dense");
    expect(cost.params - (dense?.params ?? 0)).toBe(4_232_978);
    expect(cost.macs - (dense?.macs ?? 0)).toBe(562_582_816);
  });
});

describe("auxiliary heads", () => {
  const cifar = { cellsPerStack: 6, filters: 32, auxiliary: true };
  const imagenet = { classes: 1000, stem: "imagenet", auxiliary: true } as const;

  it("CIFAR: counts of the head alone, and nothing else changes", () => {
    const { params, total, macs } = published.find(({ id }) => id === AUXILIARY) ?? { params: 0 };
    const net = decode(cifar);
    expect(net.outputs).toEqual({ logits: "head/dense", auxiliary: "auxiliary/dense" });
    expect(costBelow(net, "auxiliary")).toEqual({ params, total, macs });
    expect(costOf(net).params).toBe(3_346_538 + 1_631_498);
  });

  it("ImageNet: Mobile and Large", () => {
    const mobile = decode({ ...imagenet, input: [224, 224, 3], cellsPerStack: 4, filters: 44, stemMultiplier: 1 });
    expect(costBelow(mobile, "auxiliary").total).toBe(2_413_032);
    expect(costBelow(mobile, "auxiliary").params).toBe(2_411_240);
    const large = decode({
      ...imagenet,
      input: [331, 331, 3],
      cellsPerStack: 6,
      filters: 168,
      skipReductionLayerInput: true,
    });
    expect(costBelow(large, "auxiliary").total).toBe(4_569_576);
    expect(costBelow(large, "auxiliary").params).toBe(4_567_784);
  });

  it("reads the last cell before the second reduction", () => {
    const net = decode({ ...cifar, cellsPerStack: 4 });
    const reads = net.nodes.find(({ id }) => id === "auxiliary/act")?.inputs;
    expect(reads).toEqual(["cell7/output"]);
    expect(net.nodes.find(({ id }) => id === "reduction1/current/act")?.inputs).toEqual(["cell7/output"]);
  });
});

describe("components of NASNet-A", () => {
  const cifar = decode({ cellsPerStack: 6, filters: 32 });
  const measured: Record<string, () => number> = {
    "nasnet-a-first-normal-cell": () => costBelow(cifar, "cell0").params,
    "nasnet-a-second-normal-cell": () => costBelow(cifar, "cell1").params,
    "nasnet-a-steady-normal-cell": () => costBelow(cifar, "cell2").params,
    "nasnet-a-first-reduction-cell": () => costBelow(cifar, "reduction0").params,
    ...Object.fromEntries(
      [3, 5, 7].map((kernel) => [
        `nasnet-sep-${kernel}x${kernel}-2`,
        () => {
          const net = network("separable", [8, 8, 32], (n) => {
            const x = separable(kernel)(n, n.input, { path: "op", filters: 32, stride: 1 });
            return n.globalAvgPool("pool", x);
          });
          return costBelow(net, "op").params;
        },
      ]),
    ),
  };
  for (const { id, what, params } of golden.components) {
    it(`${what}: ${params}`, () => expect(measured[id]?.()).toBe(params));
  }

  it("the cells after a reduction, and the second stack's", () => {
    expect(costBelow(cifar, "cell6").params).toBe(81_024);
    expect(costBelow(cifar, "cell8").params).toBe(101_504);
    for (let i = 3; i < 6; i++) expect(costBelow(cifar, `cell${i}`).params).toBe(28_224);
  });
});

describe("endpoint shapes of the released code (nasnet_test.py)", () => {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const stacks = (n: number, shapes: readonly (readonly number[])[]): [string, readonly number[]][] =>
    shapes.flatMap((shape, stack) =>
      range(stack * n, stack * n + n - 1).map((i): [string, readonly number[]] => [`cell${i}/output`, shape]),
    );

  const cases: [string, Partial<NasnetSkeleton>, [string, readonly number[]][]][] = [
    [
      "CIFAR",
      { cellsPerStack: 6, filters: 32 },
      [
        ["stem/bn", [32, 32, 96]],
        ["reduction0/output", [16, 16, 256]],
        ["reduction1/output", [8, 8, 512]],
        ...stacks(6, [
          [32, 32, 192],
          [16, 16, 384],
          [8, 8, 768],
        ]),
      ],
    ],
    [
      "Mobile",
      { input: [224, 224, 3], classes: 1000, stem: "imagenet", stemMultiplier: 1, cellsPerStack: 4, filters: 44 },
      [
        ["stem/cell1/output", [28, 28, 88]],
        ["reduction0/output", [14, 14, 352]],
        ["reduction1/output", [7, 7, 704]],
        ...stacks(4, [
          [28, 28, 264],
          [14, 14, 528],
          [7, 7, 1056],
        ]),
      ],
    ],
    [
      "Large",
      {
        input: [331, 331, 3],
        classes: 1000,
        stem: "imagenet",
        cellsPerStack: 6,
        filters: 168,
        skipReductionLayerInput: true,
      },
      [
        ["stem/cell1/output", [42, 42, 336]],
        ["reduction0/output", [21, 21, 1344]],
        ["reduction1/output", [11, 11, 2688]],
        ...stacks(6, [
          [42, 42, 1008],
          [21, 21, 2016],
          [11, 11, 4032],
        ]),
      ],
    ],
  ];
  for (const [name, skeleton, endpoints] of cases) {
    it(name, () => {
      const shapes = inferShapes(decode(skeleton));
      expect(Object.fromEntries(endpoints.map(([id]) => [id, shapes.get(id)]))).toEqual(Object.fromEntries(endpoints));
    });
  }
});

describe("the input of the cell after a reduction", () => {
  const small = { cellsPerStack: 1, filters: 8 };

  it("changes the size of a network with one cell per stack", () => {
    expect(costOf(decode({ ...small, skipReductionLayerInput: false })).params).toBe(72_370);
    expect(costOf(decode({ ...small, skipReductionLayerInput: true })).params).toBe(70_962);
  });

  it("changes the wiring alone with two or more", () => {
    const two = [false, true].map((skip) => decode({ cellsPerStack: 2, skipReductionLayerInput: skip }));
    const [without, skipping] = two.map(costOf);
    expect(without?.params).toBe(skipping?.params);
    const reads = two.map((net) => net.nodes.find(({ id }) => id === "cell2/previous/act")?.inputs);
    expect(reads).toEqual([["cell1/output"], ["cell0/output"]]);
  });
});

it("has as many genotypes as the paper's space", () => {
  const perCell = BigInt(golden.space_sizes.find(({ id }) => id === "nasnet-per-cell")?.size ?? 0);
  expect(nasnet.count()).toBe(perCell * perCell);
});

describe("stored genotypes (law 4)", () => {
  // If one of these changes, stored genotypes decode to other networks, or stored ids no longer match: the space's version must go up.
  it("decode to the same networks in every release of version 1", () => {
    expect([nasnet.version, nasnet.hash]).toMatchInlineSnapshot(`
      [
        1,
        "463a8cfdc1577c82",
      ]
    `);
    const genotypes = [nasnetA, ...[0, 1, 2].map((seed) => nasnet.sample(createRng(`stored/${seed}`)))];
    expect(genotypes.map((genotype) => canonicalId(nasnet.decode(genotype).network))).toMatchInlineSnapshot(`
      [
        "4ffc4292d160d45277b4be68eee0911a",
        "a5abbcf17096f13872776460c601613d",
        "f928f57232aa37a7ec159a493e320d17",
        "b5e67c74ad2d3c043aeef46942de1ced",
      ]
    `);
  });
});
