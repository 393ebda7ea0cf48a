/** @file `cellwright doctor` on machines made up of stand-ins: GPUs, data sets, a Python that is not there. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Finding } from "../../../src/cli/doctor/examine.ts";
import { builtPath } from "../../support/built.ts";

const dir = mkdtempSync(join(tmpdir(), "cellwright-doctor-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs doctor with more environment; without a GPU and without data unless that brings them. */
function doctor(
  env: Readonly<Record<string, string>>,
  ...args: string[]
): { code: number | null; findings: readonly Finding[]; text: string } {
  const base = {
    ...process.env,
    NO_COLOR: "1",
    CELLWRIGHT_DATA: join(dir, "nothing"),
    CELLWRIGHT_PYTHON: "/nowhere/python",
    CUDA_VISIBLE_DEVICES: undefined,
  };
  const run = (...more: string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [builtPath("src/cli/main.js"), "doctor", ...args, ...more], {
      cwd: dir,
      encoding: "utf8",
      env: { ...base, ...env },
    });
  const { status, stdout } = run("--json");
  return { code: status, findings: JSON.parse(stdout) as Finding[], text: run().stdout };
}

const on = (findings: readonly Finding[], topic: string): readonly Finding[] =>
  findings.filter((finding) => finding.topic === topic);

/** A folder for PATH with an nvidia-smi that knows two GPUs. */
function fakeNvidia(): string {
  const bin = join(dir, "bin");
  mkdirSync(bin, { recursive: true });
  const file = join(bin, "nvidia-smi");
  writeFileSync(
    file,
    `#!/bin/sh
case "$*" in
  *--list-gpus*) echo "GPU 0: NVIDIA H200 (UUID: GPU-aaaa1111)"; echo "GPU 1: NVIDIA H200 (UUID: GPU-bbbb2222)" ;;
  *) echo "0, NVIDIA H200, 143771, GPU-aaaa1111"; echo "1, NVIDIA H200, 143771, GPU-bbbb2222" ;;
esac
`,
  );
  chmodSync(file, 0o755);
  return `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
}

describe("doctor", () => {
  it("finds the native engine, a worker per core, no data, and says what to do", () => {
    const { code, findings, text } = doctor({});
    expect(code).toBe(0);
    expect(on(findings, "engines").filter(({ text }) => text.includes("<- chosen"))).toHaveLength(1);
    expect(on(findings, "workers")[0]).toEqual({ topic: "workers", state: "ok", text: "worker 0  CPU" });
    expect(on(findings, "data")[0]).toMatchObject({ state: "missing", text: "CIFAR-10 not found" });
    expect(on(findings, "data")[0]?.advice).toContain("--data");
    expect(on(findings, "PyTorch")[0]?.advice).toContain("CELLWRIGHT_PYTHON");
    for (const { text: line } of findings)
      expect(text).toContain(line.replace(/, [\d.]+ [KMG]iB free$/, "").replace(/^[\d.]+ GiB free/, ""));
  });

  it("shows GPUs that lie idle, and what is missing to use them", () => {
    const { findings } = doctor({ PATH: fakeNvidia() });
    const workers = on(findings, "workers");
    expect(workers.filter(({ text }) => text.endsWith("CPU")).length).toBeGreaterThan(0);
    expect(workers.at(-1)).toMatchObject({ state: "warning", text: "The GPUs are not used" });
    expect(workers.at(-1)?.advice).toContain("npm i @tensorflow/tfjs-node-gpu");
  });

  it("gives each GPU its worker where TensorFlow.js for GPUs is installed, and deals more out in turn", () => {
    const library = join(dir, "modules/@tensorflow/tfjs-node-gpu");
    mkdirSync(library, { recursive: true });
    writeFileSync(
      join(library, "package.json"),
      JSON.stringify({ name: "@tensorflow/tfjs-node-gpu", version: "4.22.0", main: "index.js" }),
    );
    writeFileSync(join(library, "index.js"), "throw new Error('libcudart.so.11.0: cannot open shared object file')");
    const env = { PATH: fakeNvidia(), NODE_PATH: join(dir, "modules") };
    const lines = (findings: readonly Finding[]): string[] => on(findings, "workers").map(({ text }) => text);
    expect(lines(doctor(env).findings)).toEqual([
      "worker 0  GPU 0 (NVIDIA H200, 140 GiB)",
      "worker 1  GPU 1 (NVIDIA H200, 140 GiB)",
    ]);
    expect(lines(doctor(env, "--workers", "3").findings).map((line) => line.slice(0, 15))).toEqual([
      "worker 0  GPU 0",
      "worker 1  GPU 1",
      "worker 2  GPU 0",
    ]);
    expect(lines(doctor({ ...env, CUDA_VISIBLE_DEVICES: "1" }).findings)[0]).toMatch(/^worker 0 {2}GPU 1/);
  });

  it("names a data file that is not what it should be", () => {
    const folder = join(dir, "data/cifar-10-batches-bin");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "data_batch_1.bin"), new Uint8Array(100));
    const [cifar] = on(doctor({}, "--data", join(dir, "data")).findings, "data");
    expect(cifar?.state).toBe("warning");
    expect(cifar?.text).toContain(folder);
  });

  it("names the file that a set lacks: one that is there in part is not one that is nowhere", () => {
    const folder = join(dir, "part/mnist");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "train-images-idx3-ubyte"), new Uint8Array(16));
    const found = on(doctor({}, "--data", join(dir, "part")).findings, "data").find(({ text }) =>
      text.startsWith("MNIST"),
    );
    expect(found).toMatchObject({ state: "warning" });
    expect(found?.text).toContain(folder);
  });
});
