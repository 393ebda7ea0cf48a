/** @file The TensorFlow.js export in stock TensorFlow.js (plain JavaScript): both loaders, every operation, published networks, random genotypes of every space. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GraphModel, LayersModel, Tensor } from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { darts, efficientnet, mnasnet, namedNetwork, nasnet } from "../../../search-spaces/index.ts";
import { createRng } from "../../../src/base/rng.ts";
import { loadExportedTfjs } from "../../../src/cli/export/check-tfjs.ts";
import { modelSizes } from "../../../src/export/model-card.ts";
import { exportTfjs, type TfjsForm } from "../../../src/export/index.ts";
import { openEngine } from "../../../src/engines/index.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { findTfjs, loadTfjs, type Tf } from "../../../src/engines/tfjs/load.ts";
import { inferShapes, network, topologicalOrder, type Network, type Shape } from "../../../src/network/index.ts";
import { writeIntoFolder } from "../../../src/storage/whole-files.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { randomWeights } from "../../support/random-network.ts";
import { shelf } from "../../support/shelf.ts";
import { logitsOf } from "../../support/logits.ts";

const finding = findTfjs("cpu");
const title = finding.installed
  ? "the TensorFlow.js export"
  : `the TensorFlow.js export [skipped: ${finding.missing} is not installed]`;
const IMAGES = 2;
const root = mkdtempSync(join(tmpdir(), "cellwright-tfjs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The same network on smaller images: plain JavaScript takes a minute for one of 224 pixels a side. */
function onImages(found: Network | undefined, input: Shape): Network {
  if (found === undefined) throw new Error("no such network");
  const nodes = found.nodes.map((node) => (node.op === "input" ? { ...node, attributes: { shape: input } } : node));
  return { ...found, nodes };
}

describe.skipIf(!finding.installed)(title, () => {
  let tf: Tf;
  let engine: Engine;
  beforeAll(async () => {
    ({ tf } = await loadTfjs("cpu"));
    engine = await openEngine("auto");
  });
  let count = 0;

  /** Exports, loads, runs, compares. Returns the form that it was exported in. */
  async function agree(net: Network, form?: TfjsForm): Promise<{ form: string; layers: readonly string[] }> {
    await tf.setBackend("cpu");
    const rng = createRng(`tfjs export/${net.name}`);
    const weights = randomWeights(net, rng.fork("weights"));
    const dir = join(root, String(count++));
    const files = exportTfjs(net, weights, { normalization: { mean: [0.5], std: [0.25] } }, form);
    await writeIntoFolder(dir, files);
    const model = await loadExportedTfjs(tf, dir);
    const image = inferShapes(net).get(net.nodes.find(({ op }) => op === "input")?.id ?? "") ?? [];
    const images = Float32Array.from({ length: IMAGES * image.reduce((a, b) => a * b, 1) }, () => rng.normal());
    const ours = await logitsOf(engine, net, weights, images, IMAGES);
    const theirs = tf.tidy(() => [...(model.predict(tf.tensor(images, [IMAGES, ...image])) as Tensor).dataSync()]);
    expect(theirs).toHaveLength(ours.length);
    const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    const difference = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (ours[i] ?? Number.NaN))), 0);
    // Float32 sums in another order: observed is up to a tenth of it.
    expect(difference / largest, `${net.name}, ${difference} of ${largest}`).toBeLessThan(1e-4);
    const isLayers = "layers" in model;
    const layers = isLayers ? (model as LayersModel).layers : [];
    if (isLayers) {
      const params = layers.reduce(
        (sum, layer) =>
          sum +
          layer.trainableWeights.reduce((all, { shape }) => all + shape.reduce<number>((a, b) => a * (b ?? 1), 1), 0),
        0,
      );
      expect(params).toBe(modelSizes(net).inference.params);
    } else expect((model as GraphModel).outputs.map(({ name }) => name)).toEqual([net.outputs.logits]);
    model.dispose();
    return { form: isLayers ? "layers" : "graph", layers: layers.map(({ name }) => name) };
  }

  const skeleton = { cellsPerStack: 1, filters: 4, input: [16, 16, 3] } as const;
  const published: readonly (readonly [string, () => Network, TfjsForm])[] = [
    [
      "NASNet-A",
      () => nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { ...skeleton, auxiliary: true }).network,
      "layers",
    ],
    [
      "DARTS v2",
      () => darts.decode(darts.named["darts-v2"] ?? {}, { cells: 3, filters: 4, input: [16, 16, 3] }).network,
      "graph",
    ],
    ["MnasNet-A1", () => mnasnet.decode(mnasnet.named["mnasnet-a1"] ?? {}, { input: [32, 32, 3] }).network, "layers"],
    [
      "EfficientNet-B0",
      () => efficientnet.decode(efficientnet.named["efficientnet-b0"] ?? {}, { input: [32, 32, 3] }).network,
      "layers",
    ],
    ["LeNet-5", () => namedNetwork("lenet-5") as Network, "layers"],
    ["MobileNet v3", () => onImages(namedNetwork("mobilenet-v3-small@0.5"), [32, 32, 3]), "graph"],
    ["SqueezeNet", () => onImages(namedNetwork("squeezenet-1.1"), [48, 48, 3]), "graph"],
    ["ShuffleNet v1", () => onImages(namedNetwork("shufflenet-v1@0.5"), [32, 32, 3]), "graph"],
    ["ShuffleNet v2", () => onImages(namedNetwork("shufflenet-v2@0.5"), [32, 32, 3]), "graph"],
    ["ResNet-20 of CIFAR", () => onImages(namedNetwork("resnet-20-cifar"), [16, 16, 3]), "graph"],
  ];

  it.each(published)(
    "%s: the same logits, by the loader that suits it and by the graph's",
    async (_, make, form) => {
      const net = make();
      const { form: chosen, layers } = await agree(net);
      expect(chosen).toBe(form);
      if (form === "graph") return;
      const live = new Set(layers);
      // Every layer is named by its node's path; what is beside them stands under one.
      const paths = topologicalOrder(net).map(({ id }) => id);
      expect(layers.filter((name) => !paths.some((path) => name === path || name.startsWith(`${path}/`)))).toEqual([]);
      expect(paths.filter((path) => !path.startsWith("aux") && !live.has(path))).toEqual([]);
      // Once is enough for the large: they have no operation that the others lack.
      if (modelSizes(net).all.params < 1e6) expect((await agree(net, "graph")).form).toBe("graph");
    },
    300_000,
  );

  /** Of each space; more by $CELLWRIGHT_SAMPLES, up to 20. */
  const each = Math.min(20, Math.max(1, Math.floor(Number(process.env["CELLWRIGHT_SAMPLES"] ?? 1))));
  it.each(shelf)(`$name: ${each} random`, async (space) => {
    for (let i = 0; i < each; i++) await agree(space.decode(space.sample(i)));
  });

  it("networks of every operation, strange windows and all, as a graph and where they can be as layers", async () => {
    const forms = new Map<string, number>();
    for (let i = 0; i < 40; i++) {
      const net = {
        ...anyNetwork(createRng(`tfjs any/${i}`), { length: 2 + (i % 9), mostNumbers: 1500 }),
        name: `any-${i}`,
      };
      await agree(net, "graph");
      const { form } = await agree(net);
      forms.set(form, (forms.get(form) ?? 0) + 1);
    }
    expect(forms.get("layers")).toBeGreaterThan(2);
    expect(forms.get("graph")).toBeGreaterThan(2);
  });

  it("a stride beside a dilation, which TensorFlow.js refuses, in both forms", async () => {
    const net = network("strided", [9, 8, 3], (b) => {
      const x = b.conv("conv", b.input, { filters: 4, kernel: 3, stride: 2, dilation: 2, bias: true });
      const y = b.depthwiseConv("depthwise", x, { kernel: [3, 2], stride: [1, 2], bias: true });
      return b.dense("dense", b.globalAvgPool("pool", y), { units: 3 });
    });
    expect((await agree(net)).form).toBe("layers");
    await agree(net, "graph");
  });

  it("a dilated depthwise convolution, whose dilation TensorFlow.js's layer forgets, as a graph", async () => {
    const net = network("dilated", [9, 8, 3], (b) => {
      const x = b.depthwiseConv("even", b.input, { kernel: 3, dilation: 2 });
      const y = b.depthwiseConv("strided", x, { kernel: [3, 2], stride: [1, 2], dilation: 2, bias: true });
      return b.dense("dense", b.globalAvgPool("pool", y), { units: 3 });
    });
    expect((await agree(net)).form).toBe("graph");
    const layer = tf.layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, inputShape: [9, 9, 1] });
    const out = layer.apply(tf.zeros([1, 9, 9, 1])) as Tensor;
    // A window of 3 pixels, 2 apart, fits 5 times: when this fails, the fault was mended and such networks can be layers.
    expect(out.shape).toEqual([1, 7, 7, 1]);
  });

  it("layers where a node is none: an error that names it", () => {
    const net = network("grouped", [4, 4, 4], (b) => {
      const x = b.conv("cell/conv", b.input, { filters: 4, kernel: 3, groups: 2 });
      return b.dense("dense", b.globalAvgPool("pool", x), { units: 3 });
    });
    expect(() => exportTfjs(net, randomWeights(net, createRng(1)), {}, "layers")).toThrow(
      "grouped: cell/conv  Expected what a stock layer of TensorFlow.js computes. Received: grouped convolution.",
    );
  });

  it("weights above 4 MB come in shards of 4 MB", async () => {
    const net = network("large", [1, 1, 1100], (b) => b.dense("dense", b.flatten("flat", b.input), { units: 1000 }));
    const files = exportTfjs(net, randomWeights(net, createRng(1)));
    const shards = [...files].filter(([name]) => name.endsWith(".bin"));
    expect(shards.map(([name, { length }]) => [name, length])).toEqual([
      ["group1-shard1of2.bin", 4 * 2 ** 20],
      ["group1-shard2of2.bin", 1101 * 1000 * 4 - 4 * 2 ** 20],
    ]);
    await agree(net);
  });
});
