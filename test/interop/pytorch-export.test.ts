/**
 * @file The PyTorch export against real PyTorch: the same logits on real images, the same number of parameters, weights loaded strictly, for published
 * networks and random genotypes of every space; and random networks of every operation, grouped at random.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namedNetworks, nasnet } from "../../search-spaces/index.ts";
import { createRng } from "../../src/base/rng.ts";
import { cifar10 } from "../../src/data/index.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { openEngine, openReferenceEngine } from "../../src/engines/index.ts";
import { encodeSafetensors, exportPyTorch } from "../../src/export/index.ts";
import { costOf, inferShapes, weightSpecs, type Network, type Weights } from "../../src/network/index.ts";
import { anyNetwork } from "../support/any-network.ts";
import { randomNetwork, randomWeights } from "../support/random-network.ts";
import { requireTorch, runPython } from "../support/python.ts";
import { samples, shelf } from "../support/shelf.ts";
import { logitsOf } from "../support/logits.ts";

const IMAGES = 32;
const torch = requireTorch();

/** How many samples of every space: two, or $CELLWRIGHT_SAMPLES (`npm run test:nightly`: 20). */
const isNightly = process.env["CELLWRIGHT_SAMPLES"] !== undefined;
const shelfSamples = isNightly ? samples : 2;

interface Answer {
  readonly shape: readonly number[];
  readonly difference: number;
  readonly size: number;
  /** Largest standard deviation of a logit over the images. */
  readonly spread: number;
  readonly params: number;
  readonly total: number;
  readonly normalize?: number;
  readonly outputs: number;
  readonly without_gradient: readonly string[];
  /** Largest difference from the reference engine's logits, both in double precision; where these were given. */
  readonly double?: number;
}

interface Case {
  readonly name: string;
  readonly network: Network;
}

const root = mkdtempSync(join(tmpdir(), "cellwright-export-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Writes an export, with images and our logits beside it. */
async function write(name: string, network: Network, weights: Weights, given: Given): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir, { recursive: true });
  const { normalization } = given;
  const files = exportPyTorch(network, weights, normalization === undefined ? {} : { normalization });
  for (const [path, content] of files) await writeFile(join(dir, path), content);
  const input = network.nodes.find((node) => node.op === "input")?.id ?? "";
  const shape = [given.size, ...(inferShapes(network).get(input) ?? [])];
  const tensors = new Map([
    ["images", { shape, data: given.images }],
    ["logits", { shape: [given.size, given.logits.length / given.size], data: given.logits }],
    ...(given.bytes === undefined ? [] : [["bytes", { shape, data: given.bytes }] as const]),
    ...(given.reference === undefined
      ? []
      : [["reference", { shape: [given.size, given.reference.length / given.size], data: given.reference }] as const]),
  ]);
  await writeFile(join(dir, "given.safetensors"), encodeSafetensors(tensors));
  return dir;
}

interface Given {
  readonly size: number;
  readonly images: Float32Array;
  readonly logits: Float32Array;
  /** The reference engine's logits. */
  readonly reference?: Float32Array;
  readonly bytes?: Float32Array;
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/**
 * Returns the first values with moving statistics of the images, as after a training: those that batch norm begins with let logits of a deep network
 * vanish or grow without bound, and then they say little.
 */
async function settledWeights(engine: Engine, network: Network, images: Float32Array, size: number): Promise<Weights> {
  const quick: Network = {
    ...network,
    nodes: network.nodes.map((node) =>
      node.op === "batchNorm" ? { ...node, attributes: { ...node.attributes, momentum: 0.01 } } : node,
    ),
  };
  const session = await engine.open(quick, {
    batchSize: size,
    seed: 5,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
  });
  const batch = { size, images, labels: new Uint8Array(size) };
  await session.trainStep(batch, { learningRate: 0, dropPathRate: 0, step: 0 });
  const { weights } = await session.save();
  await session.close();
  return weights;
}

describe.skipIf(torch.skip)(torch.title("networks exported to PyTorch"), () => {
  const nasnetA = nasnet.named["nasnet-a"] ?? {};
  const small = { cellsPerStack: 1, filters: 4 };
  const named = (name: string): Case => ({ name, network: namedNetworks[name]?.() as Network });
  const cases: readonly Case[] = [
    ...(isNightly ? ["nasnet-a-cifar", "darts-v2-cifar"] : ["nasnet-a-proxy-n2-f16", "darts-v2-proxy"]).map(named),
    ...["mnasnet-a1", "efficientnet-b0"].map(named),
    ...["resnet-56-cifar", "densenet-bc-cifar", "googlenet", "shufflenet-v2@0.5", "squeezenet-1.1"].map(named),
    {
      name: "nasnet-a-auxiliary",
      network: nasnet.decode(nasnetA, { ...small, cellsPerStack: 4, auxiliary: true, dropout: 0.5 }).network,
    },
    {
      name: "nasnet-a-imagenet-stem",
      network: nasnet.decode(nasnetA, { ...small, input: [45, 39, 3], stem: "imagenet" }).network,
    },
    ...shelf.flatMap((space) =>
      Array.from({ length: shelfSamples }, (_, index) => ({
        name: `${space.name} ${index}`,
        network: space.decodeDeep(space.sample(index)),
      })),
    ),
  ];
  const answers = new Map<string, Answer>();
  const writeAgain = new Map<string, (reference: Float32Array) => Promise<string>>();
  const referenceLogits = new Map<string, () => Promise<Float32Array>>();

  beforeAll(async () => {
    const engine = await openEngine("auto");
    const data = await cifar10({ train: 200, validation: 100, fallback: "synthetic" }).load({ download: false });
    const { pixels } = data.test;
    const dirs: string[] = [];
    for (const { name, network } of cases) {
      const { side, count, isCifar } = imagesOf(network);
      const rng = createRng(`export/${name}`);
      const bytes = isCifar ? Float32Array.from(pixels.subarray(0, count * side)) : undefined;
      const images =
        bytes?.map((byte, index) => (byte / 255 - (data.mean[index % 3] ?? 0)) / (data.std[index % 3] ?? 1)) ??
        Float32Array.from({ length: count * side }, () => rng.normal());
      const weights = await settledWeights(engine, network, images.slice(0, 4 * side), 4);
      const logits = await logitsOf(engine, network, weights, images, count);
      const given = { size: count, images, logits };
      const normalized = bytes && { bytes, normalization: { mean: data.mean, std: data.std } };
      const path = name.replaceAll(/\W+/g, "-");
      dirs.push(await write(path, network, weights, { ...given, ...normalized }));
      referenceLogits.set(name, () => logitsOf(openReferenceEngine(), network, weights, images, count));
      writeAgain.set(name, (reference) => write(path, network, weights, { ...given, reference }));
    }
    const result = runPython(torch.python, "test/interop/check_export.py", dirs) as Answer[];
    cases.forEach(({ name }, index) => answers.set(name, result[index] as Answer));
  });

  /** Largest share of the logits by which single precision may be off double precision before a network says nothing. */
  const ROUNDING = 0.01;

  it.each(cases)("$name: the same logits, the same parameters", async ({ name, network }) => {
    const answer = answers.get(name) as Answer;
    const cost = costOf(network);
    expect(answer.shape).toEqual([imagesOf(network).count, inferShapes(network).get(network.outputs.logits)?.[0]]);
    // Both sides sum float32 in their own order over a hundred layers; observed is up to a tenth of it.
    if (answer.difference > 1e-4 * answer.size) {
      // On first values some networks (ENAS micro's, with sums and pools and no batch norm between) amplify rounding: our own engine is as far from double precision.
      // Then both are compared in double precision, where what is left is the rounding of weights and logits that are handed over.
      const reference = (await referenceLogits.get(name)?.()) as Float32Array;
      const dir = (await writeAgain.get(name)?.(reference)) as string;
      const [again] = runPython(torch.python, "test/interop/check_export.py", [dir]) as [Answer];
      expect(again.double).toBeLessThanOrEqual(1e-6 * answer.size);
      expect(answer.difference).toBeLessThanOrEqual(ROUNDING * answer.size);
    }
    expect(answer.params).toBe(cost.params);
    // Where gamma and beta are no parameters torch has none: they are one and zero.
    const fixed = weightSpecs(network).filter(
      ({ role, trainable }) => !trainable && (role === "gamma" || role === "beta"),
    );
    expect(answer.total).toBe(cost.total - fixed.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0));
    // Division and subtraction in float32, on values below 3.
    expect(answer.normalize ?? 0).toBeLessThan(1e-6);
    expect(answer.outputs).toBe(network.outputs.auxiliary === undefined ? 1 : 2);
  });

  it("tells images apart where it trains every weight", () => {
    // The two of cells and the two of inverted bottlenecks.
    for (const { name } of cases.slice(0, 4)) {
      const answer = answers.get(name) as Answer;
      // Logits that are alike for all images would agree whatever came before the head.
      expect(answer.spread / answer.size).toBeGreaterThan(0.05);
      expect(answer.without_gradient).toEqual([]);
    }
  });
});

/** How many values an image has, and how many images are compared: 32 of CIFAR-10 where the network takes such, else a few of noise. */
function imagesOf(network: Network): { readonly side: number; readonly count: number; readonly isCifar: boolean } {
  const shape = inferShapes(network).get(network.nodes.find((node) => node.op === "input")?.id ?? "") ?? [];
  const side = shape.reduce((product, n) => product * n, 1);
  const isCifar = shape.join() === "32,32,3";
  return { side, count: side > 100_000 ? 4 : IMAGES, isCifar };
}

describe.skipIf(torch.skip)(torch.title("random networks of every operation exported to PyTorch"), () => {
  const count = 40;
  const answers: Answer[] = [];
  const networks = Array.from({ length: count }, (_, index) => {
    const rng = createRng(`export of any network/${index}`);
    const length = 3 + (index % 12);
    const drawn =
      index % 2 === 0
        ? randomNetwork(rng.fork("network"), { length, maxSide: 9 })
        : anyNetwork(rng.fork("network"), { length, mostNumbers: 2000 });
    return regrouped(drawn, rng.fork("groups"));
  });

  beforeAll(async () => {
    const engine = openReferenceEngine();
    const dirs: string[] = [];
    for (const [index, network] of networks.entries()) {
      const rng = createRng(`export of any network/${index}`);
      const weights = randomWeights(network, rng.fork("weights"));
      const side = (inferShapes(network).get(network.nodes.find((node) => node.op === "input")?.id ?? "") ?? []).reduce(
        (product, n) => product * n,
        1,
      );
      const images = Float32Array.from({ length: 3 * side }, () => rng.normal());
      const logits = await logitsOf(engine, network, weights, images, 3);
      dirs.push(await write(`any-${index}`, network, weights, { size: 3, images, logits }));
    }
    answers.push(...(runPython(torch.python, "test/interop/check_export.py", dirs) as Answer[]));
  });

  it.each(Array.from({ length: count }, (_, index) => index))(
    "network %i: the same logits, the same parameters",
    (index) => {
      const answer = answers[index] as Answer;
      // Float32 against double precision, relative to the largest logit: random weights make logits of any size.
      expect(answer.difference / Math.max(1, answer.size)).toBeLessThan(2e-5);
      expect(answer.params).toBe(costOf(networks[index] as Network).params);
      expect(answer.outputs).toBe(networks[index]?.outputs.auxiliary === undefined ? 1 : 2);
    },
  );
});

/** Renames the nodes into random paths: groups that cannot be computed in one piece, names that Python would not take. */
function regrouped(network: Network, rng: ReturnType<typeof createRng>): Network {
  const segments = ["a", "b/forward", "b", "class", "train/x-1", "c/d"];
  const names = new Map(
    network.nodes.map(({ id, op }, index) => [id, `${rng.next() < 0.2 ? "" : `${rng.pick(segments)}/`}${op}${index}`]),
  );
  const renamed = (id: string): string => names.get(id) ?? id;
  return {
    name: network.name.replace(/[^a-z0-9]+/gi, "-"),
    nodes: network.nodes.map((node) => ({ ...node, id: renamed(node.id), inputs: node.inputs.map(renamed) })),
    outputs: {
      logits: renamed(network.outputs.logits),
      ...(network.outputs.auxiliary !== undefined && { auxiliary: renamed(network.outputs.auxiliary) }),
    },
  };
}
