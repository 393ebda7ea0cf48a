/** @file The text of Keras's model.py. What Keras makes of it is in test/interop/pip/keras-export.test.ts. */
import { describe, expect, it } from "vitest";
import { darts, nasnet, namedNetworks } from "../../../search-spaces/index.ts";
import { createRng } from "../../../src/base/rng.ts";
import { exportKeras } from "../../../src/export/index.ts";
import { initializeWeights, network, type Network } from "../../../src/network/index.ts";
import { shelf } from "../../support/shelf.ts";

const text = (files: Map<string, Uint8Array>, path: string): string => new TextDecoder().decode(files.get(path));
const sourceOf = (net: Network): string => text(exportKeras(net, initializeWeights(net, 0)), "model.py");
const classesOf = (source: string): string[] => [...source.matchAll(/^class (\w+)\(/gm)].map((match) => match[1] ?? "");

describe("model.py for Keras", () => {
  it("has a class per kind of cell and block, not a line per node", () => {
    const nasnetA = namedNetworks["nasnet-a-cifar"]?.() as Network;
    const source = sourceOf(nasnetA);
    const classes = classesOf(source);
    for (const name of ["NormalCell", "ReductionCell", "Block", "FactorizedReduction", "SeparableConv", "NasnetACifar"])
      expect(classes).toContain(name);
    expect(source.match(/= NormalCell\(/g)?.length).toBe(17);
    expect(nasnetA.nodes.length).toBeGreaterThan(1200);
    expect(source.split("\n").length).toBeLessThan(600);
    expect(classes.length).toBeLessThan(28);
  });

  it("imports Keras, NumPy and the standard library alone, in lines of at most 100", () => {
    // Not the spaces whose layers read as many tensors as they like: such lines are long.
    const nets = [
      ...shelf
        .filter(({ name }) => ["nasnet", "darts", "mnasnet", "mbconv", "efficientnet"].includes(name))
        .map((space) => space.decode(space.sample(0))),
      ...[1, 2, 3].map(
        (seed) => nasnet.decode(nasnet.sample(createRng(seed)), { auxiliary: true, filters: 4 }).network,
      ),
    ];
    for (const net of nets) {
      const source = sourceOf(net);
      const imports = [...source.matchAll(/^(?:from|import) (\w+)/gm)].map((match) => match[1]);
      expect(new Set(imports)).toEqual(new Set(["functools", "pathlib", "keras", "numpy"]));
      for (const line of source.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
      expect(source).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it("writes only what the network uses, and leaves out what no output depends on", () => {
    const net = network("plain", [8, 8, 1], (build) => {
      const stem = build.conv("stem", build.input, { filters: 4, kernel: 3 });
      build.maxPool("dead", build.conv("unused", stem, { filters: 9, kernel: 3 }), { kernel: 2 });
      return build.dense("head/dense", build.globalAvgPool("head/pool", stem), { units: 2 });
    });
    const files = exportKeras(net, initializeWeights(net, 0));
    const source = text(files, "model.py");
    expect(classesOf(source)).toEqual(["Part", "Head", "Plain"]);
    expect(source).not.toMatch(/set_drop_path|MEAN|unused|compute_loss/);
    // 4 * 9 and 4 * 2 + 2, of which the card speaks too.
    expect(text(files, "README.md")).toContain("| parameters | 46 |");
  });

  it("gives a stride to a dilated convolution, which Keras has not, by reading every second row alone", () => {
    const [, genotype = {}] = Object.entries(darts.named)[0] ?? [];
    const strided = network("strided", [8, 8, 2], (build) =>
      build.globalAvgPool("pool", build.depthwiseConv("dw", build.input, { kernel: 3, stride: 2, dilation: 2 })),
    );
    const source = sourceOf(strided);
    // Rows 0, 2, 4, 6 and one before and two behind, of which every second one is read.
    expect(source).toContain("Padded(");
    expect(source).toMatch(/layers\.DepthwiseConv2D\(3, use_bias=False\), \(1, 2, 1, 2\), step=2/);
    expect(sourceOf(darts.decode(genotype, { cells: 3, filters: 4 }).network)).not.toContain("class Strided");
  });

  it("calls no attribute as Keras calls one of its own", () => {
    const net = network("keras", [4, 4, 2], (build) =>
      build.dense(
        "layers/output",
        build.flatten("layers/weights", build.conv("loss", build.input, { filters: 2, kernel: 1 })),
        {
          units: 2,
        },
      ),
    );
    const source = sourceOf(net);
    for (const name of ["layers_", "output_", "weights_", "loss_"]) expect(source).toContain(`self.${name} = `);
  });

  it("trains the auxiliary head by the loss of what was compiled", () => {
    const small = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { cellsPerStack: 1, filters: 4, auxiliary: true });
    const files = exportKeras(small.network, initializeWeights(small.network, 0));
    expect(text(files, "model.py")).toMatch(/def compute_loss[\s\S]*self\.auxiliary_weight/);
    expect(text(files, "README.md")).toContain("`fit` adds 0.4");
  });

  it("names a weight that is missing", () => {
    const net = network("plain", [8], (build) => build.dense("head", build.input, { units: 2 }));
    expect(() => exportKeras(net, new Map())).toThrow("weight head/kernel");
  });
});
