/** @file What `cellwright train` left, taken by other commands: the folder as a training leaves it, made by hand. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namedNetwork } from "../../../search-spaces/index.ts";
import { runCli } from "../../../src/cli/program.ts";
import { decodeSafetensors } from "../../../src/export/index.ts";
import { initializeWeights, serializeNetwork, type Network } from "../../../src/network/index.ts";
import { writeWeights } from "../../../src/training/index.ts";
import { memoryIo } from "./fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "cellwright-run-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const results = join(root, "results");
const dir = join(results, "digits");
const network = namedNetwork("lenet-5") as Network;
const weights = initializeWeights(network, 7);
const classes = Array.from({ length: 10 }, (_, k) => `digit ${k}`);
const summary = {
  network: { name: "lenet-5" },
  data: { name: "mnist", train: 60_000 },
  recipe: { preset: "lenet-mnist" },
  epochs: 20,
  seed: 3,
  engine: "native (AVX2)",
  test: { images: 10_000, accuracy: 0.9912 },
};

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli([...args, "--results", results], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

beforeAll(async () => {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "training.db"), "");
  writeFileSync(join(dir, "network.json"), serializeNetwork(network));
  await writeWeights(join(dir, "weights.safetensors"), network, weights, { mean: [0.25], std: [0.5], classes });
});

describe("a training run", () => {
  it("is not exported before it is finished", async () => {
    const { code, err } = await cli("export", "digits");
    expect([code, err]).toEqual([2, expect.stringContaining(`cellwright train --resume ${dir}`)]);
  });

  it("is exported by its name, with its weights, its preprocessing and what is known of it", async () => {
    writeFileSync(join(dir, "summary.json"), JSON.stringify(summary));
    const { code, err } = await cli("export", "digits", "--to", "cellwright", "--no-check");
    expect([code, err]).toEqual([0, ""]);
    const out = join(dir, "export/cellwright");
    const { tensors } = decodeSafetensors(readFileSync(join(out, "weights.safetensors")), "");
    for (const [name, values] of weights) expect(tensors.get(name)?.data, name).toEqual(values);
    const card = readFileSync(join(out, "README.md"), "utf8");
    for (const line of [
      "| data | mnist, 60,000 training images |",
      "| training | 20 epochs, seed 3, native (AVX2) |",
      "less the mean (0.2500), divided by the standard deviation (0.5000)",
      "| accuracy on 10,000 test images | 0.9912 | 1 |",
      "digit 9",
    ])
      expect(card).toContain(line);
    expect(JSON.parse((await cli("profile", dir, "--json")).out)).toMatchObject({ params: 61_706 });
  });

  it("says which of its files is broken", async () => {
    writeFileSync(join(dir, "summary.json"), JSON.stringify({ ...summary, epochs: "ten" }));
    expect((await cli("export", "digits")).err).toContain(`${join(dir, "summary.json")}  Expected the summary`);
    writeFileSync(join(dir, "summary.json"), JSON.stringify(summary));
    writeFileSync(join(dir, "network.json"), "{");
    expect((await cli("export", "digits")).err).toContain(join(dir, "network.json"));
  });
});
