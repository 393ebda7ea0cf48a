/** @file GPUs as a stand-in nvidia-smi tells of them: none, two, garbage, a broken driver, a hanging one. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { discoverGpus, type GpuDiscovery } from "../../../src/executors/index.ts";

const TWO = "0, NVIDIA H200, 143771, GPU-6f1c9a52-aa\n1, NVIDIA GeForce RTX 4090 (Founders), 24564, GPU-0b7e44d1-bb\n";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cellwright-gpus-"));
});
afterEach(async () => rm(dir, { recursive: true }));

/** Puts a script called nvidia-smi on a PATH of its own and asks it. */
async function discover(script: string, env: NodeJS.ProcessEnv = {}, timeoutMs = 10_000): Promise<GpuDiscovery> {
  const file = join(dir, "nvidia-smi");
  await writeFile(file, `#!${process.execPath}\n${script}`);
  await chmod(file, 0o755);
  return discoverGpus({ env: { PATH: dir, ...env }, timeoutMs });
}

const prints = (text: string): string => `process.stdout.write(${JSON.stringify(text)});`;

describe("discoverGpus", () => {
  test("two GPUs, with what nvidia-smi was asked for", async () => {
    const found = await discover(
      `if (process.argv[2] !== "--query-gpu=index,name,memory.total,uuid" || process.argv[3] !== "--format=csv,noheader,nounits") process.exit(6);
       ${prints(TWO)}`,
    );
    expect(found).toEqual({
      gpus: [
        { index: 0, name: "NVIDIA H200", memoryBytes: 143_771 * 2 ** 20, uuid: "GPU-6f1c9a52-aa" },
        {
          index: 1,
          name: "NVIDIA GeForce RTX 4090 (Founders)",
          memoryBytes: 24_564 * 2 ** 20,
          uuid: "GPU-0b7e44d1-bb",
        },
      ],
    });
  });

  test("no nvidia-smi", async () => {
    expect(await discoverGpus({ env: { PATH: dir } })).toEqual({
      gpus: [],
      note: "nvidia-smi is not installed: no NVIDIA driver",
    });
  });

  test.each([["No devices were found\n"], [""], ["\n"]])("no GPU: %j", async (text) => {
    expect(await discover(prints(text))).toEqual({ gpus: [], note: "nvidia-smi found no GPU" });
  });

  test("a driver error is told in its own words", async () => {
    const words = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
    expect(await discover(`${prints(`${words}\nMore.\n`)} process.exitCode = 9;`)).toEqual({
      gpus: [],
      note: `nvidia-smi failed: ${words}`,
    });
    expect((await discover("process.exit(12)")).note).toMatch(/^nvidia-smi failed: /);
  });

  test.each([
    ["Segmentation fault"],
    ["0, NVIDIA H200"],
    ["zero, NVIDIA H200, 1, GPU-1"],
    ["0, NVIDIA H200, 143771, GPU-1, surplus"],
    ["\u0000\u0001\u0002"],
  ])("garbage is no GPU and is named: %j", async (text) => {
    const found = await discover(prints(`${text}\n${TWO}`));
    expect(found.gpus.map(({ index }) => index)).toEqual([0, 1]);
    expect(found.note).toContain("nvidia-smi said what is not understood");
  });

  test("memory shared with the processor has no size", async () => {
    expect((await discover(prints("0, NVIDIA GB10, [N/A], GPU-1\n"))).gpus).toMatchObject([{ memoryBytes: 0 }]);
  });

  test("one that hangs, deaf to signals, is given up", async () => {
    const found = await discover(`process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);`, {}, 300);
    expect(found).toEqual({ gpus: [], note: "nvidia-smi did not answer within 300 ms: the driver may be in trouble" });
  });

  test.each([
    ["1", [1]],
    ["0,1", [0, 1]],
    ["GPU-0b7e44d1-bb", [1]],
    ["GPU-0b7e", [1]],
    ["", []],
    ["-1", []],
  ])("CUDA_VISIBLE_DEVICES=%s, as a scheduler sets it, is respected", async (visible, indices) => {
    const found = await discover(prints(TWO), { CUDA_VISIBLE_DEVICES: visible });
    expect(found.gpus.map(({ index }) => index)).toEqual(indices);
    expect(found.note === undefined).toBe(indices.length === 2);
  });
});
