/** @file AutoAugment in train.py of the PyTorch export: the policy that we have, and byte for byte the operations, as Pillow has them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cifarPolicy } from "../../src/data/auto-augment/policy.ts";
import { decodeSafetensors, exportPyTorch } from "../../src/export/index.ts";
import { initializeWeights, network } from "../../src/network/index.ts";
import { recipes } from "../../src/training/recipe.ts";
import { requireTorch, runPython } from "../support/python.ts";
import { pillowPictures, pillowResults } from "../support/pillow-pictures.ts";
import { smallFiles, writeFiles } from "../support/small-cifar.ts";

const torch = requireTorch();
const dir = mkdtempSync(join(tmpdir(), "cellwright-auto-augment-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const net = network("tiny", [32, 32, 3], (build) =>
  build.dense("dense", build.globalAvgPool("pool", build.conv("conv", build.input, { filters: 4, kernel: 3 })), {
    units: 10,
  }),
);
const recipe = { ...recipes["efficientnet-paper"], batchSize: 40, cutout: 8 };

interface Answer {
  readonly policy: unknown;
  readonly fill: readonly number[];
  readonly results: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  readonly repeats: boolean;
  readonly others: boolean;
  readonly left: number;
  readonly bytes: boolean;
  readonly turned: readonly number[];
  readonly cut: readonly number[];
  readonly outside: readonly number[];
}

describe.skipIf(torch.skip)(torch.title("train.py with AutoAugment"), () => {
  const { noise, smooth } = pillowPictures;
  let answer: Answer;

  beforeAll(() => {
    const files = exportPyTorch(net, initializeWeights(net, 0), {
      name: "tiny",
      normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
      training: { name: "a test", recipe, epochs: 1 },
    });
    for (const [path, content] of files) writeFileSync(join(dir, path), content);
    const magnitudes = Object.fromEntries(
      Object.entries(pillowResults["noise"] ?? {}).map(([name, results]) => [name, Object.keys(results)]),
    );
    const pictures = { noise: [...noise.pixels], smooth: [...smooth.pixels] };
    answer = runPython(torch.python, "test/interop/check_auto_augment.py", { dir, pictures, magnitudes }) as Answer;
  });

  it("has our policy and the operations of it, every byte Pillow's", () => {
    expect(answer.policy).toEqual(cifarPolicy);
    expect(answer.fill).toEqual([125, 123, 114]);
    const used = new Set(cifarPolicy.flatMap(([first, , , second]) => [first, second]));
    for (const key of ["noise", "smooth"]) {
      expect(new Set(Object.keys(answer.results[key] ?? {}))).toEqual(used);
      for (const name of used) expect(answer.results[key]?.[name], name).toEqual(pillowResults[key]?.[name]);
    }
  });

  it("draws from torch's seed", () => {
    expect(answer.repeats).toBe(true);
    expect(answer.others).toBe(true);
    // The chance that a pair does neither, over all pairs; what Solarize and the like leave as it is comes on top.
    const neither = cifarPolicy.reduce((sum, [, p, , , q]) => sum + (1 - p) * (1 - q), 0) / 25;
    expect(answer.left).toBeGreaterThan(neither - 0.1);
    expect(answer.left).toBeLessThan(neither + 0.2);
  });

  it("works on bytes after the crop and before the square is cut out", () => {
    expect(answer.bytes).toBe(true);
    expect(answer.turned).toEqual([255]);
    for (const cut of answer.cut) expect(cut % 3).toBe(0);
    expect(Math.max(...answer.cut)).toBeLessThanOrEqual(8 * 8 * 3);
    expect(Math.min(...answer.cut)).toBeGreaterThan(0);
    expect(Math.max(...answer.outside)).toBeGreaterThan(0);
  });

  it("trains, and says what its flags are for", () => {
    const data = writeFiles(join(dir, "data"), smallFiles());
    const run = (...args: string[]) => spawnSync(torch.python, ["train.py", ...args], { cwd: dir, encoding: "utf8" });
    const trained = run("--data", data, "--epochs", "1", "--device", "cpu");
    expect(trained.stderr).toBe("");
    expect(trained.stdout).toMatch(/^epoch 1\/1: loss \d\.\d{4}, accuracy 0\.\d{4}\n$/);
    expect(decodeSafetensors(readFileSync(join(dir, "trained.safetensors"))).tensors.size).toBeGreaterThan(0);
    const help = run("--help").stdout.replaceAll(/\s+/g, " ");
    expect(help).toContain("--epochs EPOCHS length (default 1)");
    expect(help).toContain("--seed SEED seed of weights, order and augmentation (default 0)");
  });
});
