/**
 * @file A study on a machine with two GPUs, made up of stand-ins for nvidia-smi and @tensorflow/tfjs-node-gpu: nobody names a device or an engine,
 * and each worker trains on the GPU that it was given.
 */
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { findTfjs } from "../../../src/engines/tfjs/load.ts";
import type { TrialRecord } from "../../../src/storage/storage.ts";
import { importBuilt, root } from "../../support/built.ts";

let project: string;

const SMI = `#!/bin/sh
case "$*" in
  *--list-gpus*) echo "GPU 0: Stand-in (UUID: GPU-a)"; echo "GPU 1: Stand-in (UUID: GPU-b)" ;;
  *) echo "0, Stand-in, 1000, GPU-a"; echo "1, Stand-in, 1000, GPU-b" ;;
esac
`;

/** TensorFlow.js's own kernels under the name of TensorFlow's backend; its version says which devices the process may see. */
const gpuLibrary = (tfjs: string): string => `
  const tf = require(${JSON.stringify(tfjs)});
  const makeCpu = tf.findBackendFactory("cpu");
  tf.registerBackend("tensorflow", () => {
    const backend = makeCpu();
    backend.isUsingGpuDevice = process.env.CUDA_VISIBLE_DEVICES !== "";
    backend.binding = { TF_Version: "seeing [" + process.env.CUDA_VISIBLE_DEVICES + "]" };
    return backend;
  }, 3);
  for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "tensorflow" });
  module.exports = tf;
`;

const CONFIG = `
import { defineStudy } from "cellwright";
import { random } from "cellwright/controllers";
import { proxyTraining } from "cellwright/evaluators";
import { space } from "./space.ts";
import { stripes } from "./stripes.ts";

export default defineStudy({
  space,
  controller: random(),
  evaluator: proxyTraining({ data: stripes, epochs: 1, batchSize: 20 }),
  budget: { trials: 6 },
  seed: 5,
});
`;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "cellwright-gpus-"));
  await cp(join(root, "test/fixtures/user-project"), project, { recursive: true });
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "stripes", private: true, type: "module" }));
  await mkdir(join(project, "node_modules"));
  await symlink(root, join(project, "node_modules/cellwright"), "dir");
  await writeFile(join(project, "gpu.config.ts"), CONFIG);
  await mkdir(join(project, "bin"));
  await writeFile(join(project, "bin/nvidia-smi"), SMI);
  await chmod(join(project, "bin/nvidia-smi"), 0o755);
  const library = join(project, "tfjs/node_modules/@tensorflow/tfjs-node-gpu");
  await mkdir(library, { recursive: true });
  await writeFile(join(library, "package.json"), `{ "name": "@tensorflow/tfjs-node-gpu", "main": "index.js" }`);
  await writeFile(join(library, "index.js"), gpuLibrary(createRequire(import.meta.url).resolve("@tensorflow/tfjs")));
  vi.stubEnv("PATH", `${join(project, "bin")}${delimiter}${process.env["PATH"] ?? ""}`);
  vi.stubEnv("CUDA_VISIBLE_DEVICES", undefined);
});
afterEach(() => {
  vi.stubEnv("CELLWRIGHT_TFJS", undefined);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(project, { recursive: true, force: true });
});

async function search(name: string): Promise<readonly TrialRecord[]> {
  const { openStudy, studyReference } = await importBuilt();
  const reference = studyReference(join(project, "gpu.config.ts"), {});
  const study = await openStudy({ mode: "create", name, resultsDir: join(project, "results"), reference });
  try {
    for await (const event of study.run()) expect(event.kind).not.toBe("trial-retried");
    const trials = await study.storage.trials();
    return trials.filter(({ duplicateOf }) => duplicateOf === undefined);
  } finally {
    await study.close();
  }
}

test("two GPUs and the library for them: a worker on each, which sees no other and trains on it untold", async () => {
  vi.stubEnv("CELLWRIGHT_TFJS", join(project, "tfjs"));
  const trials = await search("on-gpus");
  expect(trials.map(({ state, reason }) => [state, reason])).toEqual(trials.map(() => ["complete", undefined]));
  expect(new Set(trials.map(({ metrics }) => metrics.engine))).toEqual(
    new Set(["tfjs (tensorflow seeing [0] (GPU))", "tfjs (tensorflow seeing [1] (GPU))"]),
  );
});

test("the same GPUs without the library: workers on the processor, which see none", async (context) => {
  vi.stubEnv("CELLWRIGHT_TFJS", undefined);
  if (findTfjs("tfjs-node-gpu").installed) context.skip("tfjs-node-gpu is installed here");
  const trials = await search("on-cores");
  expect(trials.length).toBeGreaterThan(0);
  for (const { state, metrics } of trials) {
    expect(state).toBe("complete");
    expect(metrics.engine).not.toContain("GPU");
  }
});
