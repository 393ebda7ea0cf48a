/**
 * @file The ONNX export in onnx and ONNX Runtime: the checker and shape inference pass it, the declared shapes are what inference finds, and its logits are ours for
 * batches of 1, 2 and 32; folded and not. Published networks, samples of every space of the shelf, networks of every operation at random.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namedNetwork } from "../../../search-spaces/index.ts";
import { createRng } from "../../../src/base/rng.ts";
import { cifar10 } from "../../../src/data/index.ts";
import { checkInPython } from "../../../src/cli/export/check-onnxruntime.ts";
import { agrees } from "../../../src/cli/export/check.ts";
import { checkers } from "../../../src/cli/export/checkers.ts";
import { runCli } from "../../../src/cli/program.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { openEngine, openReferenceEngine } from "../../../src/engines/index.ts";
import { exportOnnx, foldBatchNorm, type ExportOptions } from "../../../src/export/index.ts";
import {
  inferShapes,
  initializeWeights,
  network as buildNetwork,
  type Network,
  type Weights,
} from "../../../src/network/index.ts";
import { writeIntoFolder } from "../../../src/storage/whole-files.ts";
import { findOnnxruntime, installOnnxruntime } from "../../../src/study/onnxruntime.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { requireModules, runPython } from "../../support/python.ts";
import { randomNetwork, randomWeights } from "../../support/random-network.ts";
import { shelf } from "../../support/shelf.ts";
import { memoryIo } from "../../unit/cli/fixtures.ts";
import { logitsOf } from "../../support/logits.ts";

const IMAGES = 32;
const onnx = requireModules(["onnx", "onnxruntime", "numpy"]);
const root = mkdtempSync(join(tmpdir(), "cellwright-onnx-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Answer {
  readonly error?: string;
  readonly difference: number;
  readonly largest: number;
  readonly wrongShapes: readonly string[];
  readonly opset: number;
  readonly irVersion: number;
  readonly input: readonly (number | string)[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly ops: readonly string[];
}

/** What Python is told of a model. */
interface Wire {
  readonly dir: string;
  readonly type: "<f4" | "u1";
  readonly shape: readonly number[];
  readonly batches: readonly number[];
}

interface Case {
  readonly name: string;
  readonly network: () => Network;
  /** Batches that the folded one is run with. A batch has nothing to do with folding, and these take their time. Default 1, 2 and 32. */
  readonly foldedBatches?: readonly number[];
}

const BATCHES = [1, 2, IMAGES];

/** Images [n, ...shape of the input], from our layout to the model's. */
function laidOut(images: Float32Array, shape: readonly number[]): { data: Float32Array; shape: readonly number[] } {
  const [height = 0, width = 0, channels = 0] = shape;
  if (shape.length === 1) return { data: images, shape };
  const size = height * width;
  const data = images.map((_, i) => {
    const [n, c, pixel] = [Math.floor(i / (channels * size)), Math.floor(i / size) % channels, i % size];
    return images[(n * size + pixel) * channels + c] ?? Number.NaN;
  });
  return { data, shape: [channels, height, width] };
}

function inputShape(network: Network): readonly number[] {
  return inferShapes(network).get(network.nodes.find(({ op }) => op === "input")?.id ?? "") ?? [];
}

async function write(
  name: string,
  [network, weights, options]: readonly [Network, Weights, ExportOptions?],
  images: { readonly data: Float32Array | Uint8Array; readonly shape: readonly number[] },
  logits: Float32Array,
  batches: readonly number[] = BATCHES,
): Promise<Wire> {
  const dir = join(root, name);
  await mkdir(dir);
  for (const [path, content] of exportOnnx(network, weights, options)) await writeFile(join(dir, path), content);
  await writeFile(join(dir, "images"), images.data);
  await writeFile(join(dir, "logits"), logits);
  return { dir, type: images.data instanceof Uint8Array ? "u1" : "<f4", shape: [IMAGES, ...images.shape], batches };
}

/** Writes a network as it is and folded, with weights that leave no batch normalisation without effect. */
async function writeBoth(
  engine: Engine,
  { name, network: build, foldedBatches }: Case,
  imagesOf: (shape: readonly number[]) => Float32Array,
): Promise<readonly Wire[]> {
  const network = build();
  const weights = randomWeights(network, createRng(`onnx/${name}/weights`));
  const shape = inputShape(network);
  const given = imagesOf(shape);
  const logits = await logitsOf(engine, network, weights, given, IMAGES);
  const folded = foldBatchNorm(network, weights);
  const images = laidOut(given, shape);
  return [
    await write(name, [network, weights], images, logits),
    await write(`${name}-folded`, [folded.network, folded.weights], images, logits, foldedBatches),
  ];
}

const normal =
  (name: string) =>
  (shape: readonly number[]): Float32Array => {
    const rng = createRng(`onnx/${name}/images`);
    return Float32Array.from({ length: shape.reduce((a, b) => a * b, IMAGES) }, () => rng.normal());
  };

function expectAgreement(answer: Answer | undefined): void {
  expect(answer?.error).toBeUndefined();
  expect(answer?.wrongShapes).toEqual([]);
  expect([answer?.opset, answer?.irVersion]).toEqual([17, 8]);
  expect(answer?.input[0]).toBe("n");
  // Both sides sum float32 in their own order over up to hundreds of layers: the bound that `cellwright export` has.
  expect((answer?.difference ?? Number.NaN) / Math.max(answer?.largest ?? 0, Number.MIN_VALUE)).toBeLessThan(1e-4);
}

/** Runs all cases in one Python, as importing takes seconds, and describes each with what its two models gave. */
function describeCases(
  title: string,
  cases: readonly Case[],
  open: () => Engine | Promise<Engine>,
  imagesOf: (name: string) => Promise<(shape: readonly number[]) => Float32Array>,
): void {
  describe.skipIf(onnx.skip)(onnx.title(title), () => {
    const answers = new Map<string, readonly Answer[]>();
    beforeAll(async () => {
      const engine = await open();
      const wires: Wire[] = [];
      for (const each of cases) wires.push(...(await writeBoth(engine, each, await imagesOf(each.name))));
      const found = runPython(onnx.python, "test/interop/pip/check_onnx.py", wires) as Answer[];
      cases.forEach(({ name }, i) => answers.set(name, found.slice(2 * i, 2 * i + 2)));
    });
    // Skipped once, not by the dozen.
    it.each(onnx.skip ? cases.slice(0, 1) : cases)("$name", ({ name }) => {
      const [plain, folded] = answers.get(name) ?? [];
      expectAgreement(plain);
      expectAgreement(folded);
    });
  });
}

const named = [
  "nasnet-a-cifar",
  "darts-v2-proxy",
  "mnasnet-a1",
  "efficientnet-b0",
  "lenet-5",
  "squeezenet-1.1",
  "resnet-20-cifar",
  "shufflenet-v2",
  "mobilenet-v3-small",
].map((name): Case => ({ name, network: () => namedNetwork(name) as Network, foldedBatches: [2] }));

describeCases(
  "published networks exported to ONNX",
  named,
  () => openEngine("auto"),
  async (name) => {
    const { test, mean, std } = await cifar10({ train: 200, validation: 100, fallback: "synthetic" }).load({
      download: false,
    });
    return (shape) =>
      shape.join() === "32,32,3"
        ? Float32Array.from(
            test.pixels.subarray(0, IMAGES * 32 * 32 * 3),
            (byte, i) => (byte / 255 - (mean[i % 3] ?? 0)) / (std[i % 3] ?? 1),
          )
        : normal(name)(shape);
  },
);

const perSpace = Math.min(20, Number(process.env["CELLWRIGHT_SAMPLES"] ?? 2));
describeCases(
  "samples of every space exported to ONNX",
  shelf.flatMap((space) =>
    Array.from({ length: perSpace }, (_, i) => ({
      name: `${space.name}-${i}`,
      network: () => space.decode(space.sample(1000 + i)),
    })),
  ),
  () => openEngine("auto"),
  (name) => Promise.resolve(normal(name)),
);

/** Zeros before pools, which ONNX Runtime's optimiser would take for padding that never wins. */
const padsBeforePools: Case = {
  name: "pads before pools",
  network: () =>
    buildNetwork("pads", [4, 4, 3], (build) => {
      const padded = (id: string) => build.pad(`${id}/pad`, build.input, { top: 1, bottom: 0, left: 1, right: 2 });
      const pools = [
        build.maxPool("max", padded("max"), { kernel: 1, stride: 2, padding: "valid" }),
        build.maxPool("corner", padded("corner"), { kernel: 2, stride: 3, padding: "valid" }),
        build.avgPool("mean", padded("mean"), { kernel: 2, stride: 2, padding: "same" }),
        build.adaptiveMaxPool("most", padded("most"), 1),
        build.adaptiveAvgPool("all", padded("all"), [5, 7]),
      ];
      return build.concat(
        "logits",
        pools.map((pool, i) => build.flatten(`flat${i}`, pool)),
      );
    }),
};

const anyCount = Math.min(400, 20 * perSpace);
describeCases(
  "networks of every operation at random exported to ONNX",
  [
    padsBeforePools,
    ...Array.from({ length: anyCount }, (_, i) => ({
      name: `any-${i}`,
      network: () => {
        const rng = createRng(`onnx of any network/${i}`);
        const length = 3 + (i % 12);
        return i % 2 === 0
          ? randomNetwork(rng, { length, maxSide: 9 })
          : anyNetwork(rng, { length, mostNumbers: 1000 });
      },
    })),
  ],
  openReferenceEngine,
  (name) => Promise.resolve(normal(name)),
);

describe.skipIf(onnx.skip)(onnx.title("the proof of an ONNX export"), () => {
  // The Python that the suite found, not a package that this machine may have as well.
  const env = { CELLWRIGHT_PYTHON: onnx.python };
  const network = namedNetwork("resnet-20-cifar") as Network;
  const weights = initializeWeights(network, 1);

  it.each([
    ["floats", {}],
    ["bytes", { bytes: true, normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] } }],
  ] as const)("agrees with what was exported, and with nothing else: %s", async (name, options) => {
    const dir = join(root, `proof-${name}`);
    await writeIntoFolder(dir, exportOnnx(network, weights, options));
    const subject = { dir, network, weights, options, env };
    const check = await checkInPython(subject);
    expect(check).toMatchObject({ checked: true, images: 32, runtime: expect.stringMatching(/^onnxruntime \d/u) });
    expect(check.checked && check.latencyMs).toBeGreaterThan(0);
    expect(agrees(check)).toBe(true);
    expect(agrees(await checkInPython({ ...subject, weights: initializeWeights(network, 2) }))).toBe(false);
  });

  it("is what the command line prints, and has the latency in the card", async () => {
    const dir = join(root, "command");
    const io = { ...memoryIo(), env };
    const args = ["resnet-20-cifar", "--untrained", "--to", "onnx", "--fold-batch-norm", "--out", dir];
    expect(await runCli(["export", ...args], io)).toBe(0);
    expect(io.out.text()).toMatch(/logits agree with ours: .* on 32 images \(onnxruntime.*\) · \S+ ms for one image/u);
    const card = await readFile(join(dir, "README.md"), "utf8");
    expect(card).toMatch(
      /\| latency \| \S+ ms for one image, .*native engine.*; \S+ ms for one image: onnxruntime.*, CPU, one thread/u,
    );
    expect(card).toContain("| batch normalisations | 19 of 19 folded");
  });

  it.each([true, false])("has a card whose code runs: bytes %s", async (bytes) => {
    const dir = join(root, `card-${bytes}`);
    const options = { bytes, normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] } };
    const files = exportOnnx(network, weights, options);
    await writeIntoFolder(dir, files);
    const [, code = ""] = /```python\n(.*?)```/su.exec(new TextDecoder().decode(files.get("README.md"))) ?? [];
    const run = spawnSync(onnx.python, ["-c", `${code}\nprint(logits.shape)`], { cwd: dir, encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(run.stdout).toBe("(1, 10)\n");
  });

  it("says that a file doesn't run", async () => {
    const dir = join(root, "proof-broken");
    const whole = exportOnnx(network, weights).get("model.onnx") as Uint8Array;
    await writeIntoFolder(dir, new Map([["model.onnx", whole.subarray(0, whole.length / 2)]]));
    const check = await checkInPython({ dir, network, weights, env });
    expect(check).toMatchObject({ checked: false, broken: true });
  });
});

const entry = findOnnxruntime();
describe.skipIf(entry === undefined)(
  `the proof of an ONNX export in Node${entry === undefined ? ` [skipped: onnxruntime-node is not installed; ${installOnnxruntime}]` : ""}`,
  () => {
    it.each([false, true])("agrees with what was exported: bytes %s", async (bytes) => {
      const network = namedNetwork("resnet-20-cifar") as Network;
      const weights = initializeWeights(network, 1);
      const dir = join(root, `proof-node-${bytes}`);
      const options = { bytes, normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] } };
      await writeIntoFolder(dir, exportOnnx(network, weights, options));
      const check = await checkers.onnx({ dir, network, weights, options, env: process.env });
      expect(check).toMatchObject({ checked: true, runtime: expect.stringMatching(/^onnxruntime-node \d/u) });
      expect(agrees(check)).toBe(true);
      const other = { dir, network, weights: initializeWeights(network, 2), options, env: process.env };
      expect(agrees(await checkers.onnx(other))).toBe(false);
    });
  },
);
