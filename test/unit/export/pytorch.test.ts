/** @file The text of model.py and the layout of its weights. What PyTorch makes of them is in test/interop/pytorch-export.test.ts. */
import { describe, expect, it } from "vitest";
import { nasnet, namedNetworks } from "../../../search-spaces/index.ts";
import { createRng } from "../../../src/base/rng.ts";
import { decodeSafetensors, exportPyTorch } from "../../../src/export/index.ts";
import { torch } from "../../../src/export/pytorch/framework.ts";
import { className, snakeName } from "../../../src/export/python/names.ts";
import { moduleTree, nodesOf } from "../../../src/export/python/tree.ts";
import { costOf, initializeWeights, network, weightSpecs, type Network } from "../../../src/network/index.ts";

const text = (files: Map<string, Uint8Array>, path: string): string => new TextDecoder().decode(files.get(path));
const sourceOf = (net: Network): string => text(exportPyTorch(net, initializeWeights(net, 0)), "model.py");
const classesOf = (source: string): string[] => [...source.matchAll(/^class (\w+)\(/gm)].map((match) => match[1] ?? "");

describe("model.py", () => {
  const nasnetA = namedNetworks["nasnet-a-cifar"]?.() as Network;

  it("has a class per kind of cell and block, not a line per node", () => {
    const source = sourceOf(nasnetA);
    const classes = classesOf(source);
    for (const name of ["NormalCell", "ReductionCell", "Block", "FactorizedReduction", "SeparableConv", "NasnetACifar"])
      expect(classes).toContain(name);
    // 18 normal and 2 reduction cells in 1,300 nodes; four alike in each stack are a loop.
    expect(source.match(/for depth in \([\d., ]+\)$/gm)?.length).toBe(3);
    expect(source.match(/previous, x = x, cell\(previous, x\)$/gm)?.length).toBe(3);
    expect(source.match(/= NormalCell\(/g)?.length).toBe(5);
    expect(source.match(/= ReductionCell\(/g)?.length).toBe(2);
    expect(nasnetA.nodes.length).toBeGreaterThan(1200);
    expect(source.split("\n").length).toBeLessThan(600);
    expect(classes.length).toBeLessThan(26);
  });

  it("imports torch and the standard library alone, in lines of at most 100", () => {
    const nets = [
      nasnetA,
      ...[1, 2, 3].map(
        (seed) => nasnet.decode(nasnet.sample(createRng(seed)), { auxiliary: true, filters: 4 }).network,
      ),
    ];
    for (const net of nets) {
      const source = sourceOf(net);
      const imports = [...source.matchAll(/^(?:from|import) (\w+)/gm)].map((match) => match[1]);
      expect(new Set(imports)).toEqual(new Set(["json", "struct", "pathlib", "torch"]));
      for (const line of source.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
      expect(source).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it.each([
    ["resnet-110-cifar", "self.blocks = nn.Sequential(*[Block(filters) for _ in range(17)])"],
    ["densenet-bc-cifar", "self.layers = nn.Sequential(*[Layer(width) for width in widths])"],
    ["efficientnet-b0", "depths=(0.75, 0.8125, 0.875),"],
    ["mobilenet-v1", "*[Block(512, 512) for _ in range(5)]"],
    ["googlenet", "class Inception(nn.Module):"],
    // Other blocks in every stage: the loop is handed in whole, since a block that came in would be the same one in all turns.
    ["mnasnet-a1", "*[SkipMBConv(480, project_filters=80) for _ in range(3)]"],
    ["shufflenet-v2@0.5", "c = self.c(self.b(self.a(x.chunk(2, dim=1)[1])))"],
  ])("writes what repeats in %s once", (name, line) => {
    const net = namedNetworks[name]?.() as Network;
    const source = sourceOf(net);
    expect(source).toContain(line);
    // No part is a list of its parts: an Inception module has nine convolutions, a paper's stage its four blocks.
    for (const [init] of source.matchAll(/^ {4}def __init__\([\s\S]*?(?=\n\n)/gm))
      expect(init.match(/^ {8}self\.(?!inception)\w+ = /gm)?.length ?? 0, init).toBeLessThan(12);
    expect(source.split("\n").length).toBeLessThan(360);
  });

  it("writes only what the network uses", () => {
    const net = network("plain", [8, 8, 1], (build) =>
      build.dense(
        "head/dense",
        build.globalAvgPool("head/pool", build.conv("stem", build.input, { filters: 4, kernel: 3 })),
        { units: 2 },
      ),
    );
    const source = sourceOf(net);
    expect(classesOf(source)).toEqual(["Conv", "Head", "Plain"]);
    expect(source).not.toContain("set_drop_path");
    expect(source).not.toContain("MEAN");
  });

  it("calls no network's class as one of its own is called", () => {
    const net = network("conv", [4, 4, 1], (build) =>
      build.globalAvgPool("pool", build.conv("a", build.input, { filters: 2, kernel: 1 })),
    );
    expect(classesOf(sourceOf(net))).toEqual(["Conv", "Conv2"]);
    expect(sourceOf(net)).toContain("model = Conv2()");
    expect(text(exportPyTorch(net, initializeWeights(net, 0)), "README.md")).toContain("Conv2");
  });

  it("computes nothing that no output needs, and keeps its weights", () => {
    const net = network("dead", [4, 4, 1], (build) => {
      const x = build.conv("live", build.input, { filters: 2, kernel: 1 });
      build.spatialPyramidPool("dead/spp", build.conv("dead/conv", x, { filters: 3, kernel: 1 }), [2, 1]);
      const extra = build.conv("live/extra", x, { filters: 3, kernel: 1 });
      build.batchNorm("other", extra);
      const logits = build.globalAvgPool("pool", extra);
      return { logits, auxiliary: build.globalAvgPool("aux", extra) };
    });
    const source = sourceOf(net);
    expect(source).not.toMatch(/^\s*= /mu);
    const [, forward = ""] = /class Dead\([\s\S]*?def forward\(([\s\S]*?)\n\n/u.exec(source) ?? [];
    expect(forward).not.toMatch(/dead|other/u);
    expect(source).toMatch(/self\.dead = /u);
    expect(source).toMatch(/self\.other = /u);
  });

  it("says AlexNet's, ShuffleNet's and SPPNet's operations in torch's own words", () => {
    const net = network("mixed", [16, 16, 3], (build) => {
      const stem = build.conv("stem/conv", build.input, { filters: 8, kernel: 3 });
      const x = build.localResponseNorm("stem/lrn", stem, { size: 5, alpha: 5e-4, k: 2 });
      const mixed = build.channelShuffle("unit/shuffle", build.localResponseNorm("unit/lrn", x, { size: 3 }), 4);
      const half = build.channelSlice("unit/half", mixed, { first: 4, count: 4 });
      const bins = build.flatten("head/flat", build.adaptiveAvgPool("head/bins", half, [3, 2]));
      const pyramid = build.spatialPyramidPool("head/spp", mixed, [2, 1]);
      return build.dense("head/fc", build.concat("head/all", [bins, pyramid]), { units: 2 });
    });
    const source = sourceOf(net);
    for (const line of [
      "self.lrn = nn.LocalResponseNorm(5, alpha=0.0005, k=2)",
      "self.lrn = nn.LocalResponseNorm(3)",
      "self.shuffle = ChannelShuffle(4)",
      "x.chunk(2, dim=1)[1]",
      "F.adaptive_avg_pool2d(x, (3, 2)).permute(0, 2, 3, 1).flatten(1)",
      "flatten2 = F.adaptive_max_pool2d(x, 2).permute(0, 2, 3, 1).flatten(1)",
      "return torch.cat([flatten2, flatten1], dim=1)",
    ])
      expect(source).toContain(line);
  });

  it("states the preprocessing and the classes", () => {
    const files = exportPyTorch(nasnetA, initializeWeights(nasnetA, 0), {
      name: "the best",
      normalization: { mean: [0.5, 0.25, 0.125], std: [0.2, 0.3, 0.4] },
      classes: ["cat", 'a "dog"'],
      card: {
        data: "CIFAR-10",
        results: [{ what: "accuracy", mean: 0.9, deviation: 0.01, seeds: 3 }],
        genotype: "b0 = x",
      },
    });
    const source = text(files, "model.py");
    expect(source).toContain("MEAN = (0.5, 0.25, 0.125)\nSTD = (0.2, 0.3, 0.4)\n");
    expect(source).toContain('CLASSES = ("cat", "a \\"dog\\"")');
    expect(source).toContain("class TheBest(nn.Module):");
    const card = text(files, "README.md");
    for (const part of [
      "# the best",
      "3,346,538",
      "| accuracy | 0.9000 ± 0.0100 | 3 |",
      "b0 = x",
      "CIFAR-10",
      "0.5000, 0.2500, 0.1250",
    ])
      expect(card).toContain(part);
  });

  it("keeps the auxiliary head for training and counts it apart", () => {
    const net = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { auxiliary: true, filters: 8 }).network;
    const files = exportPyTorch(net, initializeWeights(net, 0));
    expect(text(files, "model.py")).toMatch(/if self\.training:\n(?: {12}.*\n)+ {8}return/);
    expect(text(files, "README.md")).toContain("of the auxiliary head, which only training uses");
  });
});

describe("weights.safetensors", () => {
  it("has torch's names and layouts", () => {
    const net = network("layouts", [4, 4, 2], (build) => {
      const conv = build.conv("a/conv", build.input, { filters: 3, kernel: [1, 2], bias: true });
      const deep = build.depthwiseConv("a/dw", conv, { kernel: [2, 1] });
      const norm = build.batchNorm("a/bn", deep);
      return build.dense("fc", build.globalAvgPool("pool", norm), { units: 2 });
    });
    // Each value is its own place in our row-major order.
    const weights = new Map(
      weightSpecs(net).map(({ name, shape }) => [
        name,
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
      ]),
    );
    const { tensors, metadata } = decodeSafetensors(
      exportPyTorch(net, weights).get("weights.safetensors") as Uint8Array,
    );
    const of = (name: string): [readonly number[], number[]] => [
      tensors.get(name)?.shape ?? [],
      [...(tensors.get(name)?.data ?? [])],
    ];
    expect(metadata).toEqual({ format: "pt", name: "layouts" });
    expect([...tensors.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual([
      "a.bn.bias",
      "a.bn.running_mean",
      "a.bn.running_var",
      "a.bn.weight",
      "a.conv.bias",
      "a.conv.weight",
      "a.dw.weight",
      "fc.bias",
      "fc.weight",
    ]);
    // Ours [1, 2, 2, 3]: value of (column, in, out) is 6 column + 3 in + out. Torch: [out, in, 1, column].
    expect(of("a.conv.weight")).toEqual([
      [3, 2, 1, 2],
      [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11],
    ]);
    // Ours [2, 1, 3]: 3 row + channel. Torch: [channel, 1, row, 1].
    expect(of("a.dw.weight")).toEqual([
      [3, 1, 2, 1],
      [0, 3, 1, 4, 2, 5],
    ]);
    // Ours [3, 2]: 2 in + unit. Torch: [unit, in].
    expect(of("fc.weight")).toEqual([
      [2, 3],
      [0, 2, 4, 1, 3, 5],
    ]);
  });

  it("names a weight that is missing or has another length", () => {
    const net = namedNetworks["nasnet-a-proxy-n2-f16"]?.() as Network;
    const weights = new Map(initializeWeights(net, 0));
    weights.delete("head/dense/kernel");
    expect(() => exportPyTorch(net, weights)).toThrow(
      /^weight head\/dense\/kernel {2}Expected 3840 values\. Received: nothing\.$/,
    );
    weights.set("head/dense/kernel", new Float32Array(5));
    expect(() => exportPyTorch(net, weights)).toThrow('Received: "5 values"');
  });

  it("holds every parameter once", () => {
    const net = nasnet.decode(nasnet.sample(createRng(9)), { auxiliary: true, filters: 4 }).network;
    const { tensors } = decodeSafetensors(
      exportPyTorch(net, initializeWeights(net, 0)).get("weights.safetensors") as Uint8Array,
    );
    expect([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(costOf(net).total);
  });
});

describe("the module tree", () => {
  it("holds every node once, each after what it reads, however groups cut through the graph", () => {
    const net = network("tangled", [4, 4, 1], (build) => {
      const a1 = build.conv("a/one", build.input, { filters: 2, kernel: 1 });
      const b1 = build.conv("b/one", a1, { filters: 2, kernel: 1 });
      const a2 = build.conv("a/two", b1, { filters: 2, kernel: 1 });
      const both = build.add("b", [b1, a2]);
      return build.dense("fc", build.globalAvgPool("b/pool", both), { units: 2 });
    });
    const root = moduleTree(net);
    const ids = nodesOf(root).map((node) => node.id);
    expect(ids.toSorted((x, y) => x.localeCompare(y))).toEqual(
      net.nodes.map((node) => node.id).toSorted((x, y) => x.localeCompare(y)),
    );
    const order = new Map(ids.map((id, index) => [id, index]));
    for (const node of net.nodes)
      for (const input of node.inputs) expect(order.get(input)).toBeLessThan(order.get(node.id) ?? -1);
    // `a` is left and come back to: it can be no module of its own.
    expect(root.items.map((item) => item.name)).not.toContain("a");
  });
});

describe("Python names", () => {
  it.each([
    ["dropPath", "drop_path"],
    ["3x3", "_3x3"],
    ["class", "class_"],
    ["forward", "forward_"],
    ["x-1", "x_1"],
    ["", "_"],
  ])("%s gives %s", (segment, name) => {
    expect(snakeName(segment, torch.reserved)).toBe(name);
  });
  it.each([
    ["nasnet-a-cifar", "NasnetACifar"],
    ["3d net", "Model3dNet"],
    ["-", "Model"],
  ])("class %s gives %s", (name, result) => {
    expect(className(name)).toBe(result);
  });
});
