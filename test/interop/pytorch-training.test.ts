/**
 * @file train.py of the PyTorch export against our own training: the same weights after the same batches for each optimizer, the same schedules, and a
 * run of the script itself.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { openReferenceEngine } from "../../src/engines/index.ts";
import { decodeSafetensors, encodeSafetensors, exportPyTorch } from "../../src/export/index.ts";
import { initializeWeights, network, residualGammas, type Network, type Weights } from "../../src/network/index.ts";
import { engineOptions, recipes, type Recipe } from "../../src/training/recipe.ts";
import { learningRateAt } from "../../src/training/schedule.ts";
import { requireTorch, runPython } from "../support/python.ts";
import { smallFiles, writeFiles } from "../support/small-cifar.ts";

const torch = requireTorch();
const BATCH = 6;
const STEPS = 3;
const span = { stepsPerEpoch: 7, epochs: 5 };

/** Everything that training touches: normalisation, kernels of all kinds, a residual branch, an auxiliary head. */
const net: Network = network(
  "tiny",
  [32, 32, 3],
  (build) => {
    const stem = build.conv("stem/conv", build.input, { filters: 8, kernel: 3, stride: 4 });
    const x = build.activate("stem/relu", build.batchNorm("stem/bn", stem), "swish");
    const dw = build.batchNorm("block/bn", build.depthwiseConv("block/dw", x, { kernel: 3, bias: true }));
    const sum = build.add("block/add", [x, build.dropPath("block/drop", dw, 1)]);
    const logits = build.dense("head/dense", build.globalAvgPool("head/pool", sum), { units: 10 });
    return { logits, auxiliary: build.dense("aux/dense", build.globalAvgPool("aux/pool", x), { units: 10 }) };
  },
  { batchNorm: { epsilon: 1e-3, momentum: 0.9 } },
);

const base: Recipe = {
  ...recipes["bag-of-tricks"],
  batchSize: 40,
  learningRate: 0.05,
  clipNorm: 0.5,
  weightDecay: 0.01,
  emaDecay: 0.5,
  cutout: 6,
};

const cases: readonly { readonly name: string; readonly recipe: Recipe; readonly largest?: number }[] = [
  {
    name: "SGD",
    recipe: { ...base, zeroLastGamma: false, nesterov: false, schedule: "constant", cutout: 0, cropPadding: 2 },
  },
  { name: "SGD with Nesterov's momentum", recipe: { ...base, zeroLastGamma: true } },
  { name: "SGD in two parts", recipe: { ...base, warmupEpochs: 0, flip: false, cropPadding: 0 }, largest: 3 },
  { name: "RMSProp", recipe: { ...base, optimizer: "rmsprop", schedule: "step", learningRate: 0.01, mixup: 0 } },
  {
    name: "AdamW",
    recipe: {
      ...base,
      optimizer: "adamw",
      squareDecay: 0.99,
      schedule: "exponential",
      cropPadding: 0,
      labelSmoothing: 0,
    },
  },
];

interface Answer {
  readonly losses: readonly number[];
  readonly rates: readonly number[];
  readonly augmented: {
    readonly fits: boolean;
    readonly seen: number;
    readonly variants: number;
    readonly largestCut: number;
    readonly side: number;
  };
  readonly mixed: readonly [number, number, number] | null;
  readonly zeroGammas: readonly string[];
  readonly deviations: readonly (readonly [number, number])[];
}

const root = mkdtempSync(join(tmpdir(), "cellwright-training-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const text = (value: string | Uint8Array | undefined): string =>
  typeof value === "string" ? value : new TextDecoder().decode(value);

/** Batches of noise with soft targets, the same for both sides. */
const rng = createRng("training in torch");
const batches = Array.from({ length: STEPS }, () => {
  const share = rng.next();
  const labels = Uint8Array.from({ length: BATCH }, () => rng.int(10));
  const targets = new Float32Array(BATCH * 10);
  labels.forEach((label, row) => {
    targets[row * 10 + label] = Math.fround(share);
    targets[row * 10 + ((label + 3) % 10)] = 1 - Math.fround(share);
  });
  const images = Float32Array.from({ length: BATCH * 32 * 32 * 3 }, () => rng.normal());
  return { size: BATCH, images, labels, targets };
});
const rates = [0.6, 1, 0.8];
const weights = initializeWeights(net, 3);

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function writeCase(dir: string, recipe: Recipe): void {
  mkdirSync(dir);
  const files = exportPyTorch(net, weights, { name: "tiny", training: { name: "a test", recipe, epochs: 5 } });
  for (const [path, content] of files) writeFileSync(join(dir, path), content);
  const tensors = new Map([
    ["images", { shape: [STEPS, BATCH, 32, 32, 3], data: joined(batches.map(({ images }) => images)) }],
    ["targets", { shape: [STEPS, BATCH, 10], data: joined(batches.map(({ targets }) => targets)) }],
    ["rates", { shape: [STEPS], data: Float32Array.from(rates, (rate) => rate * recipe.learningRate) }],
  ]);
  writeFileSync(join(dir, "given.safetensors"), encodeSafetensors(tensors));
}

/** What our reference engine makes of the same batches. */
async function ours(
  recipe: Recipe,
  largest = BATCH,
): Promise<{ readonly losses: number[]; readonly after: Weights; readonly average: Weights }> {
  const session = await openReferenceEngine().open(net, {
    batchSize: largest,
    seed: 0,
    ...engineOptions(recipe),
    weights,
  });
  const losses: number[] = [];
  for (const [step, batch] of batches.entries()) {
    const parts = Array.from({ length: BATCH / largest }, (_, part) => ({
      size: largest,
      images: batch.images.subarray(part * largest * 3072, (part + 1) * largest * 3072),
      labels: batch.labels.subarray(part * largest, (part + 1) * largest),
      targets: batch.targets.subarray(part * largest * 10, (part + 1) * largest * 10),
    }));
    const learningRate = Math.fround((rates[step] as number) * recipe.learningRate);
    losses.push((await session.trainStep(parts, { learningRate, dropPathRate: 0, step })).loss);
  }
  const { weights: after, average } = await session.save();
  await session.close();
  return { losses, after, average: average as Weights };
}

/** Largest difference of a tensor of the file from ours, in torch's layout. */
function difference(file: string, expected: Weights): number {
  const { tensors: theirs } = decodeSafetensors(readFileSync(file));
  const { tensors } = decodeSafetensors(exportPyTorch(net, expected).get("weights.safetensors") as Uint8Array);
  expect([...theirs.keys()].toSorted()).toEqual([...tensors.keys()].toSorted());
  let largest = 0;
  for (const [name, { data }] of tensors)
    data.forEach((value, at) => {
      largest = Math.max(largest, Math.abs(value - (theirs.get(name)?.data[at] ?? Number.NaN)));
    });
  return largest;
}

describe.skipIf(torch.skip)(torch.title("train.py"), () => {
  let answers: readonly Answer[] = [];

  beforeAll(() => {
    const jobs = cases.map(({ recipe, largest }, index) => {
      const dir = join(root, `case${index}`);
      writeCase(dir, recipe);
      // eslint-disable-next-line unicorn/no-null -- JSON has no other nothing
      return { dir, largest: largest ?? null, ...span };
    });
    answers = runPython(torch.python, "test/interop/check_training.py", jobs) as readonly Answer[];
  });

  it.each(cases.map((each, index) => ({ ...each, index })))(
    "$name: the same weights and average after three steps",
    async ({ recipe, largest, index }) => {
      const answer = answers[index] as Answer;
      const { losses, after, average } = await ours(recipe, largest);
      // Float32 there, double precision here with weights rounded to float32: gradients differ by some 1e-6 of their size, a step by as much of the rate.
      // Adam and RMSProp divide by gradients' roots, which makes small gradients' errors larger.
      losses.forEach((loss, step) => expect(answer.losses[step]).toBeCloseTo(loss, 4));
      expect(difference(join(root, `case${index}`, "after.safetensors"), after)).toBeLessThan(2e-5);
      expect(difference(join(root, `case${index}`, "average.safetensors"), average)).toBeLessThan(2e-5);
      // They moved: weights that nobody touched would agree too.
      expect(difference(join(root, `case${index}`, "after.safetensors"), weights)).toBeGreaterThan(1e-3);
    },
  );

  it.each(cases.map((each, index) => ({ ...each, index })))("$name: the same learning rates", ({ recipe, index }) => {
    const expected = Array.from({ length: 35 }, (_, step) => learningRateAt(recipe, step, span));
    answers[index]?.rates.forEach((rate, step) => expect(rate).toBeCloseTo(expected[step] as number, 12));
    expect(answers[index]?.rates).toHaveLength(35);
  });

  it.each(cases.map((each, index) => ({ ...each, index })))("$name: images are augmented", ({ recipe, index }) => {
    const { augmented, mixed } = answers[index] as Answer;
    expect(augmented.fits).toBe(true);
    // 120 draws of at most 162 variants.
    const possible = (recipe.flip ? 2 : 1) * (2 * recipe.cropPadding + 1) ** 2;
    expect(augmented.seen).toBeGreaterThan(possible === 1 ? 0 : Math.min(possible, 40) * 0.6);
    expect(augmented.seen).toBeLessThanOrEqual(possible);
    expect(augmented.largestCut).toBeLessThanOrEqual(recipe.cutout ** 2);
    if (recipe.cutout > 0) expect(augmented.largestCut).toBeGreaterThan(recipe.cutout ** 2 / 2);
    if (recipe.mixup === 0) expect(mixed).toBeNull();
    else expect(mixed?.[1]).toBeLessThan(1e-6);
    // A blend keeps the sum over the batch.
    if (recipe.mixup > 0) expect(mixed?.[0]).toBeLessThan(1e-6);
  });

  it("begins as ours do", () => {
    const gamma = residualGammas(net);
    expect(gamma).toEqual(["block/bn/gamma"]);
    expect(answers[1]?.zeroGammas).toEqual(["block.bn.weight"]);
    expect(answers[0]?.zeroGammas).toEqual([]);
    for (const [deviation, expected] of answers[0]?.deviations ?? []) {
      // 216 deviates: five standard errors.
      expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.25);
    }
    expect(answers[0]?.deviations.length).toBeGreaterThan(0);
  });

  it("trains from CIFAR-10's files, says its accuracy after every epoch and leaves weights that load", () => {
    const dir = join(root, "run");
    writeCase(dir, { ...base, dropPathRate: 0.2 });
    const data = writeFiles(join(root, "data"), smallFiles());
    const run = (...args: string[]) => spawnSync(torch.python, args, { cwd: dir, encoding: "utf8" });
    const trained = run("train.py", "--data", data, "--epochs", "2", "--device", "cpu", "--largest-part", "20");
    expect(trained.stderr).toBe("");
    expect(trained.stdout).toMatch(
      /^epoch 1\/2: loss \d\.\d{4}, accuracy 0\.\d{4}\nepoch 2\/2: loss \d\.\d{4}, accuracy 0\.\d{4}\n$/,
    );
    const { tensors } = decodeSafetensors(readFileSync(join(dir, "trained.safetensors")));
    expect([...tensors.keys()].toSorted()).toEqual(
      [...decodeSafetensors(readFileSync(join(dir, "weights.safetensors"))).tensors.keys()].toSorted(),
    );
    expect(tensors.get("head.dense.weight")?.data.some((value) => value !== 0)).toBe(true);
  });

  it("holds only what the recipe uses, in lines of at most 100", () => {
    for (const [name, recipe] of Object.entries(recipes)) {
      const script = text(exportPyTorch(net, weights, { training: { name, recipe, epochs: 3 } }).get("train.py"));
      for (const line of script.split("\n")) expect(line.length, line).toBeLessThanOrEqual(100);
      expect(script).not.toMatch(/undefined|NaN|\[object/);
      expect(script.includes("def mix(")).toBe(recipe.mixup > 0);
      expect(script.includes("class RMSProp")).toBe(recipe.optimizer === "rmsprop");
      expect(script.includes("def auto_augment(")).toBe(recipe.autoAugment);
      const imports = [...script.matchAll(/^(?:from|import) (\w+)/gm)].map((match) => match[1]);
      for (const each of imports)
        expect(["argparse", "copy", "json", "math", "struct", "pathlib", "torch", "model"]).toContain(each);
    }
  });

  it("refuses a network that is not for CIFAR-10", () => {
    const small = network("small", [8, 8, 1], (build) =>
      build.dense("d", build.globalAvgPool("p", build.input), { units: 2 }),
    );
    const training = { name: "x", recipe: base, epochs: 1 };
    expect(() => exportPyTorch(small, initializeWeights(small, 0), { training })).toThrow(
      'small: training script  Expected a network for CIFAR-10: images of 32 x 32 x 3 and 10 classes. Received: "8 x 8 x 1 and 2 classes".',
    );
  });
});
