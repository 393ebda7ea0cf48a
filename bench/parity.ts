/**
 * @file Whether a network trained here and by its exported train.py in PyTorch comes out alike: the same recipe, images and epochs, some seeds each, on
 * a part of CIFAR-10. Seeds give other first values and orders on both sides, so means are compared, by Welch's test.
 *
 * Run: `npm run bench:parity`. It needs a Python with torch ($CELLWRIGHT_PYTHON, .cache/python, python3) and CIFAR-10's files. For a try:
 * `npm run bench:parity -- --images 200 --test-images 100 --epochs 1 --seeds 0,1`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { namedNetwork } from "../search-spaces/index.ts";
import { cifar10, type ImageSet } from "../src/data/index.ts";
import { openEngine } from "../src/engines/index.ts";
import { exportPyTorch } from "../src/export/index.ts";
import { initializeWeights } from "../src/network/index.ts";
import { recipes, train, type RecipeName } from "../src/training/index.ts";
import { findTorchPython } from "../test/support/python.ts";
import { deviationOf, meanOf, welch } from "./parity/welch.ts";

const { values: flags } = parseArgs({
  options: {
    network: { type: "string", default: "resnet-20-cifar" },
    recipe: { type: "string", default: "nasnet-cifar" },
    images: { type: "string", default: "5000" },
    "test-images": { type: "string", default: "2000" },
    epochs: { type: "string", default: "10" },
    seeds: { type: "string", default: "0,1,2" },
    threads: { type: "string", default: String(Math.min(2, cpus().length)) },
  },
});
const network = namedNetwork(flags.network);
if (network === undefined) throw new Error(`Expected --network to be one by name. Received: ${flags.network}.`);
if (!Object.hasOwn(recipes, flags.recipe))
  throw new Error(`Expected --recipe to be one by name. Received: ${flags.recipe}.`);
const recipe = recipes[flags.recipe as RecipeName];
const epochs = Number(flags.epochs);
const seeds = flags.seeds.split(",").map(Number);
const threads = Number(flags.threads);
const torch = findTorchPython();
if (!torch.found) throw new Error(torch.reason);
const sizes = { train: Number(flags.images), validation: Number(flags["test-images"]) };
const dataset = await cifar10(sizes).load({ download: false });

/** The images of a split as a file of CIFAR-10's binary layout: a label, then three planes. */
function binary({ pixels, labels, size, height, width, channels }: ImageSet): Uint8Array {
  const area = height * width;
  const bytes = new Uint8Array(size * (1 + area * channels));
  for (let image = 0; image < size; image++) {
    const at = image * (1 + area * channels);
    bytes[at] = labels[image] as number;
    for (let pixel = 0; pixel < area; pixel++)
      for (let c = 0; c < channels; c++)
        bytes[at + 1 + c * area + pixel] = pixels[(image * area + pixel) * channels + c] as number;
  }
  return bytes;
}

async function ours(seed: number): Promise<number> {
  const engine = await openEngine("auto", { threads });
  const result = await train({
    engine,
    network: network as NonNullable<typeof network>,
    dataset,
    recipe,
    epochs,
    seed,
  });
  if (result.state !== "complete") throw new Error(`seed ${seed}: ${result.state} ${result.reason ?? ""}`);
  return result.history.at(-1)?.accuracy as number;
}

const dir = mkdtempSync(join(tmpdir(), "cellwright-parity-"));
const { mean, std } = dataset;
const files = exportPyTorch(network, initializeWeights(network, 0), {
  normalization: { mean, std },
  training: { name: flags.recipe, recipe, epochs },
});
for (const [path, content] of files) writeFileSync(join(dir, path), content);
writeFileSync(join(dir, "data_batch_1.bin"), binary(dataset.train));
writeFileSync(join(dir, "test_batch.bin"), binary(dataset.validation));

function theirs(python: string, seed: number): number {
  const args = ["train.py", "--data", dir, "--seed", String(seed), "--device", "cpu"];
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
  const run = spawnSync(python, args, { cwd: dir, encoding: "utf8", env });
  const accuracy = Number(/accuracy ([\d.]+)\s*$/.exec(run.stdout)?.[1] ?? Number.NaN);
  if (run.status !== 0 || Number.isNaN(accuracy)) throw new Error(`train.py, seed ${seed}: ${run.stderr.slice(-2000)}`);
  return accuracy;
}

try {
  console.log(
    `${flags.network}, recipe ${flags.recipe}, ${epochs} epochs of ${dataset.train.size} images of CIFAR-10, ${dataset.validation.size} others to test on; ${threads} threads; torch ${torch.torch}`,
  );
  const found: Record<"cellwright" | "torch", number[]> = { cellwright: [], torch: [] };
  for (const seed of seeds) {
    for (const [side, run] of [
      ["cellwright", () => ours(seed)],
      ["torch", () => theirs(torch.python, seed)],
    ] as const) {
      const begun = performance.now();
      const accuracy = await run();
      found[side].push(accuracy);
      const seconds = ((performance.now() - begun) / 1000).toFixed(0);
      console.log(`  seed ${seed}  ${side.padEnd(10)}  ${(100 * accuracy).toFixed(2)}%  ${seconds} s`);
    }
  }
  for (const [side, values] of Object.entries(found))
    console.log(
      `${side.padEnd(10)}  mean ${(100 * meanOf(values)).toFixed(2)}%, standard deviation ${(100 * deviationOf(values)).toFixed(2)}, ${values.length} seeds`,
    );
  const { difference, t, freedom, p } = welch(found.cellwright, found.torch);
  console.log(
    `torch less cellwright: ${(100 * difference).toFixed(2)} points, Welch's t ${t.toFixed(2)} with ${freedom.toFixed(1)} degrees of freedom, p ${p.toFixed(3)}: ${p < 0.05 ? "MORE than the seeds explain" : "no more than the seeds explain"}`,
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
