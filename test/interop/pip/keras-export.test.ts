/**
 * @file The Keras export against real Keras: the same logits on real images, the same number of parameters, every weight trained by a step, `fit`;
 * samples of every space of the shelf, and random networks of every operation. $CELLWRIGHT_SAMPLES samples of each space, by default 2.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { darts, namedNetwork, nasnet } from "../../../search-spaces/index.ts";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { cifar10, type Dataset } from "../../../src/data/index.ts";
import { openEngine } from "../../../src/engines/index.ts";
import { exportKeras } from "../../../src/export/index.ts";
import { liveNetwork } from "../../../src/export/live.ts";
import { encodeNpz } from "../../../src/export/npz.ts";
import {
  costOf,
  inferShapes,
  network as buildNetwork,
  weightSpecs,
  type Network,
  type Tensor,
  type Weights,
} from "../../../src/network/index.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { requireModules, runPython } from "../../support/python.ts";
import { shelf } from "../../support/shelf.ts";
import { logitsOf } from "../../support/logits.ts";

const samples = Number(process.env["CELLWRIGHT_SAMPLES"] ?? 2);
const keras = requireModules(["tensorflow", "keras"], "import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'");

interface Answer {
  readonly shape: readonly number[];
  readonly difference: number;
  readonly size: number;
  readonly params: number;
  readonly total: number;
  readonly normalize?: number;
  readonly outputs?: number;
  readonly without_gradient?: readonly string[];
  readonly losses?: readonly number[];
  readonly accuracies?: readonly number[];
  readonly unmoved?: readonly string[];
  readonly batches?: readonly number[];
  readonly kept?: number;
  readonly dropped?: number;
  readonly saved?: number;
}

/** A small network with all that only training knows: drop path, an auxiliary head, batch statistics. Keras takes seconds to compile a NASNet. */
const allOfTraining = buildNetwork("all-of-training", [32, 32, 3], (net) => {
  const stem = net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters: 8, kernel: 3, stride: 4 }));
  const block = (path: string, x: Tensor, depth: number): Tensor => {
    const branch = net.batchNorm(
      `${path}/left/bn`,
      net.conv(
        `${path}/left/pw`,
        net.depthwiseConv(`${path}/left/dw`, net.activate(`${path}/left/relu`, x), { kernel: 3 }),
        {
          filters: 8,
          kernel: 1,
        },
      ),
    );
    return net.add(`${path}/add`, [net.dropPath(`${path}/left/drop`, branch, depth), x]);
  };
  const first = block("cell0", stem, 0.5);
  const auxiliary = net.dense("auxiliary/dense", net.globalAvgPool("auxiliary/pool", first), { units: 10 });
  const last = block("cell1", first, 1);
  return { logits: net.dense("head/dense", net.globalAvgPool("head/pool", last), { units: 10 }), auxiliary };
});

interface Case {
  readonly name: string;
  readonly network: Network;
  /** Default 32. */
  readonly images?: number;
  /** Whether one step of gradients is taken. */
  readonly train?: boolean;
  /** Whether it is fitted, saved and read again. */
  readonly fit?: boolean;
}

const root = mkdtempSync(join(tmpdir(), "cellwright-keras-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/**
 * Returns weights as training leaves them, not as it begins: scales near 1, moving statistics that are none of 0 and 1, kernels that keep a signal's
 * size, so that logits are neither lost nor beyond what float32 holds.
 */
function settledWeights(network: Network, rng: Rng): Weights {
  return new Map(
    weightSpecs(network).map(({ name, role, shape, initializer }) => {
      const draws = rng.fork(name);
      const deviation = initializer.kind === "he-normal" ? Math.sqrt(1.5 / initializer.fanIn) : 0.1;
      const draw = {
        kernel: () => deviation * draws.normal(),
        bias: () => 0.1 * draws.normal(),
        gamma: () => 1 + 0.1 * draws.normal(),
        beta: () => 0.1 * draws.normal(),
        movingMean: () => 0.1 * draws.normal(),
        movingVariance: () => 0.75 + 0.5 * draws.next(),
      }[role];
      const size = shape.reduce((product, side) => product * side, 1);
      return [name, Float32Array.from({ length: size }, draw)];
    }),
  );
}

/** Exports all cases, with images and our logits beside them, and asks Keras about them in one process. */
async function answersFor(cases: readonly Case[], data: Dataset): Promise<ReadonlyMap<string, Answer>> {
  const engine = await openEngine("auto");
  const dirs: string[] = [];
  for (const { name, network, images: count = 32, train = false, fit = false } of cases) {
    const rng = createRng("export to keras").fork(name);
    const input = inferShapes(network).get(network.nodes.find(({ op }) => op === "input")?.id ?? "") ?? [];
    const length = count * input.reduce<number>((product, side) => product * side, 1);
    const [height, width, channels = 0] = input;
    const real = height === 32 && width === 32 && channels === 3;
    const { mean, std } = data;
    const bytes = Float32Array.from({ length: real ? length : 0 }, (_, index) => data.test.pixels[index] ?? 0);
    const images = real
      ? bytes.map((byte, index) => (byte / 255 - (mean[index % channels] ?? 0)) / (std[index % channels] ?? 1))
      : Float32Array.from({ length }, () => rng.normal());
    const weights = settledWeights(network, rng.fork("weights"));
    const logits = await logitsOf(engine, network, weights, images, count);

    const dir = join(root, name.replaceAll(/\W+/gu, "-"));
    await mkdir(dir);
    const files = exportKeras(network, weights, real ? { normalization: { mean, std } } : {});
    for (const [path, content] of files) await writeFile(join(dir, path), content);
    const shape = [count, ...input];
    await writeFile(
      join(dir, "given.npz"),
      encodeNpz(
        new Map([
          ["images", { shape, data: images }],
          ["logits", { shape: [count, logits.length / count], data: logits }],
          ...(real ? [["bytes", { shape, data: bytes }] as const] : []),
        ]),
      ),
    );
    await writeFile(join(dir, "given.json"), JSON.stringify({ train, fit }));
    dirs.push(dir);
  }
  const answers = runPython(keras.python, "test/interop/pip/check_keras.py", dirs) as Answer[];
  return new Map(cases.map(({ name }, index) => [name, answers[index] as Answer]));
}

describe.skipIf(keras.skip)(keras.title("networks exported to Keras"), () => {
  const nasnetA = nasnet.named["nasnet-a"] ?? {};
  const cells = { cellsPerStack: 1, filters: 4 };
  const dartsV2 = Object.entries(darts.named).find(([name]) => name.includes("v2"))?.[1] ?? {};
  // All at their published sizes take minutes in Keras, which makes a layer in milliseconds: a nightly run has them.
  const large = samples >= 20;
  const cases: readonly Case[] = [
    { name: "nasnet-a-small", network: nasnet.decode(nasnetA, { ...cells, auxiliary: false }).network },
    {
      name: "nasnet-a-auxiliary",
      network: nasnet.decode(nasnetA, { ...cells, stacks: 2, auxiliary: true, dropout: 0.5 }).network,
      train: true,
    },
    {
      name: "nasnet-a-cifar",
      network: nasnet.decode(nasnetA, { cellsPerStack: large ? 6 : 1, filters: 32, auxiliary: false }).network,
    },
    { name: "darts", network: darts.decode(dartsV2, { cells: large ? 20 : 3, filters: 16 }).network, train: true },
    { name: "resnet-18-cifar", network: namedNetwork("resnet-18-cifar") as Network },
    { name: "all-of-training", network: allOfTraining, train: true, fit: true },
    { name: "vgg-16-cifar", network: namedNetwork("vgg-16-cifar") as Network },
    ...["mnasnet-a1", "efficientnet-b0", "shufflenet-v2", "googlenet"].map((name) => ({
      name,
      network: namedNetwork(name) as Network,
      images: 2,
    })),
    ...(large
      ? ["alexnet", "densenet-121", "inception-v3", "resnext-50-32x4d", "shufflenet-v1", "mobilenet-v3-small"].map(
          (name) => ({ name, network: namedNetwork(name) as Network, images: 2 }),
        )
      : [{ name: "densenet-bc-cifar", network: namedNetwork("densenet-bc-cifar") as Network, images: 4 }]),
    ...shelf.flatMap((space) =>
      Array.from({ length: samples }, (_, index) => ({
        name: `${space.name}-sample-${index}`,
        network: space.decode(space.sample(index)),
        images: 4,
        train: true,
      })),
    ),
  ];
  let answers: ReadonlyMap<string, Answer>;
  beforeAll(async () => {
    const data = await cifar10({ train: 200, validation: 100, fallback: "synthetic" }).load({ download: false });
    answers = await answersFor(cases, data);
  });

  it.each(cases)("$name: the same logits, the same parameters", ({ name, network, images = 32, train, fit }) => {
    const answer = answers.get(name) as Answer;
    const cost = costOf(network);
    expect(answer.shape).toEqual([images, inferShapes(network).get(network.outputs.logits)?.[0]]);
    // The bound of every export. Both sides sum float32 in their own order.
    expect(answer.difference / answer.size).toBeLessThan(1e-4);
    expect(answer.params).toBe(cost.params);
    expect(answer.total).toBe(cost.total);
    // Division and subtraction in float32, on values below 3.
    if (answer.normalize !== undefined) expect(answer.normalize).toBeLessThan(1e-6);
    if (train === true) {
      expect(answer.outputs).toBe(network.outputs.auxiliary === undefined ? 1 : 2);
      expect(answer.without_gradient).toEqual([]);
    }
    if (fit === true) {
      const losses = answer.losses ?? [];
      expect(losses).toHaveLength(4);
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
      // The auxiliary head's too: its loss is part of what is minimised.
      expect(answer.unmoved).toEqual([]);
      // As the metric has it: a share of the images, of the logits alone.
      for (const accuracy of answer.accuracies ?? [-1]) expect(accuracy).toSatisfy((a: number) => a >= 0 && a <= 1);
      expect(answer.batches).toEqual([1, 3]);
      // Read again from its own file it is the same network.
      expect(answer.saved).toBe(0);
    }
  });

  it("drops paths in a compiled step, at the rate that is set afterwards", () => {
    const { kept, dropped } = answers.get("all-of-training") as Answer;
    // At rate 0 two steps differ by nothing: the network has no other chance in it.
    expect(kept).toBe(0);
    expect(dropped).toBeGreaterThan(0.01);
  });
});

describe.skipIf(keras.skip)(keras.title("random networks of every operation exported to Keras"), () => {
  const count = Math.max(24, samples);
  const cases = Array.from({ length: count }, (_, index): Case => {
    const rng = createRng(`export to keras/${index}`);
    return {
      name: `any-${index}`,
      network: anyNetwork(rng, { length: 3 + (index % 12), mostNumbers: 2000 }),
      images: 3,
      train: true,
    };
  });
  let answers: ReadonlyMap<string, Answer>;
  beforeAll(async () => {
    const data = await cifar10({ train: 200, validation: 100, fallback: "synthetic" }).load({ download: false });
    answers = await answersFor(cases, data);
  });

  it.each(cases)("$name: the same logits, the same parameters of what is computed", ({ name, network }) => {
    const answer = answers.get(name) as Answer;
    const cost = costOf(liveNetwork(network));
    // Products of products are of any size and cancel; relative to the largest logit, or to 1.
    expect(answer.difference / Math.max(1, answer.size)).toBeLessThan(1e-4);
    expect(answer.params).toBe(cost.params);
    expect(answer.total).toBe(cost.total);
    expect(answer.outputs).toBe(network.outputs.auxiliary === undefined ? 1 : 2);
  });
});
