/** @file Which engine `auto` takes, with stand-ins for nvidia-smi and @tensorflow/tfjs-node-gpu; and what `doctor` is told. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { describeEngines, openEngine, openNativeEngine, slowEngineWarning } from "../../../src/engines/index.ts";
import { findTfjs } from "../../../src/engines/tfjs/load.ts";
import { contractNetwork } from "../../support/contract-network.ts";
import { createRng } from "../../../src/base/rng.ts";
import { randomBatch } from "../../support/random-network.ts";
import { describeWasm, wasmMissing } from "../../support/wasm.ts";

const hasNative = await openNativeEngine().then(
  () => true,
  () => false,
);

/** TensorFlow.js's own kernels under the name of TensorFlow's backend, on a GPU or so it says. */
const standIn = (tfjs: string): string => `
  const tf = require(${JSON.stringify(tfjs)});
  const makeCpu = tf.findBackendFactory("cpu");
  tf.registerBackend("tensorflow", () => {
    const backend = makeCpu();
    backend.isUsingGpuDevice = process.env.CUDA_VISIBLE_DEVICES !== "";
    backend.binding = { TF_Version: "2.9.9" };
    return backend;
  }, 3);
  for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "tensorflow" });
  module.exports = tf;
`;

describe("the engine chosen", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "cellwright-engines-"));
    const smi = path.join(folder, "nvidia-smi");
    writeFileSync(smi, "#!/bin/sh\necho 'GPU 0: Stand-in (UUID: GPU-1)'\n");
    chmodSync(smi, 0o755);
    const gpuPackage = path.join(folder, "node_modules/@tensorflow/tfjs-node-gpu");
    mkdirSync(gpuPackage, { recursive: true });
    const tfjs = createRequire(import.meta.url).resolve("@tensorflow/tfjs");
    writeFileSync(path.join(gpuPackage, "package.json"), `{ "name": "@tensorflow/tfjs-node-gpu", "main": "index.js" }`);
    writeFileSync(path.join(gpuPackage, "index.js"), standIn(tfjs));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is the native one where no GPU is visible", async () => {
    vi.stubEnv("CELLWRIGHT_TFJS", folder);
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "");
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    expect((await openEngine("auto")).name).toBe(hasNative ? "native" : "tfjs");
  });

  it.skipIf(!hasNative)(
    "is the native one where a GPU is visible and tfjs-node-gpu isn't installed",
    async (context) => {
      vi.stubEnv("CELLWRIGHT_TFJS", "");
      vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
      if (findTfjs("tfjs-node-gpu").installed) context.skip("tfjs-node-gpu is installed here");
      expect((await openEngine("auto")).name).toBe("native");
    },
  );

  it("is tfjs on a GPU that is visible, where tfjs-node-gpu is installed; and it trains", async () => {
    vi.stubEnv("CELLWRIGHT_TFJS", folder);
    vi.stubEnv("CUDA_VISIBLE_DEVICES", "0");
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
    const engine = await openEngine("auto");
    expect([engine.name, engine.target]).toEqual(["tfjs", "tensorflow 2.9.9 (GPU)"]);
    expect(slowEngineWarning(engine)).toBeUndefined();
    const network = contractNetwork();
    const session = await engine.open(network, {
      batchSize: 4,
      seed: 1,
      optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0.4 },
    });
    const batch = randomBatch(network, 4, createRng("gpu"));
    const { loss } = await session.trainStep(batch, { step: 0, learningRate: 0.1, dropPathRate: 0 });
    expect(Number.isFinite(loss)).toBe(true);
    await session.close();

    const reports = await describeEngines();
    expect(reports[0]).toMatchObject({ name: "tfjs", target: "tensorflow 2.9.9 (GPU)", available: true, chosen: true });
  });

  it("is reported, with reasons, slowdown and advice", async () => {
    vi.stubEnv("CELLWRIGHT_TFJS", "");
    const reports = await describeEngines();
    expect(reports.filter((report) => report.chosen)).toHaveLength(1);
    expect(reports.find((report) => report.chosen)?.available).toBe(true);
    expect(reports.find(({ name }) => name === "native")).toMatchObject({
      available: hasNative,
      chosen: hasNative,
      slowdown: 1,
    });
    expect(reports.filter(({ target }) => target === "WebAssembly")).toMatchObject(
      wasmMissing() === undefined
        ? [{ name: "native", available: true, chosen: !hasNative, slowdown: expect.any(Number) as number }]
        : [],
    );
    expect(reports.find(({ name }) => name === "reference")).toMatchObject({ available: true });
    // A development dependency of ours.
    expect(reports.find(({ target }) => target === "cpu")).toMatchObject({
      name: "tfjs",
      available: true,
      chosen: false,
    });
    for (const report of reports) {
      expect(report.reason, report.target).not.toBe("");
      if (!report.available) expect(report.advice, report.target).toMatch(/install/i);
    }
  });

  describeWasm("where no binary fits the platform", () => {
    it("is the native one in WebAssembly, which is reported and warned of", async () => {
      vi.stubEnv("CELLWRIGHT_TFJS", "");
      vi.stubEnv("CELLWRIGHT_NATIVE_BINARY", "/nowhere/cellwright.node");
      vi.resetModules();
      const fresh = await import("../../../src/engines/index.ts");
      expect(await fresh.openEngine("auto")).toMatchObject({ name: "native", target: "WebAssembly" });
      expect(await fresh.openEngine("native")).toMatchObject({ name: "native", target: "WebAssembly" });
      const [binary, wasm] = await fresh.describeEngines();
      expect(binary).toMatchObject({ name: "native", available: false, chosen: false });
      expect(binary?.advice).toMatch(/install/i);
      expect(wasm).toMatchObject({ name: "native", target: "WebAssembly", available: true, chosen: true });
      expect(await fresh.autoEngineWarning()).toMatch(
        /Only a slower engine is to be had: native \(WebAssembly\), about \d+ times slower.*doctor/,
      );
    });
  });

  it("is warned of where it is slow", () => {
    expect(slowEngineWarning({ name: "native", target: "AVX2" })).toBeUndefined();
    expect(slowEngineWarning({ name: "native", target: "WebAssembly" })).toMatch(/about \d+ times slower.*doctor/);
    expect(slowEngineWarning({ name: "tfjs", target: "wasm" })).toMatch(/about \d+ times slower.*doctor/);
    expect(slowEngineWarning({ name: "tfjs", target: "tensorflow 2.9.1 (CPU)" })).toMatch(/about \d+ times slower/);
    expect(slowEngineWarning({ name: "reference", target: "" })).toMatch(/about \d+ times slower/);
  });

  it("has to be one of those there are", async () => {
    await expect(openEngine("cuda" as "auto")).rejects.toMatchObject({
      code: "config",
      message: /one of auto, native, tfjs, reference/,
    });
    expect((await openEngine("reference")).name).toBe("reference");
    expect((await openEngine("tfjs")).name).toBe("tfjs");
  });
});
