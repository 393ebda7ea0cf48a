/** @file What engines there are here, how fast each is, and what to do for a faster one: for `doctor`, and for the warning about a slow one. */
import { messageOf } from "../base/errors.ts";
import { findGpu } from "./choose.ts";
import type { Engine } from "./engine.ts";
import { loadBinary, loadWasm } from "./native/binding.ts";
import { createNativeEngine } from "./native/engine.ts";
import { openReferenceEngine } from "./reference/index.ts";
import { type TfjsBackend, tfjsBackends } from "./tfjs/backends.ts";
import { findTfjs, installAdvice, loadTfjs } from "./tfjs/load.ts";

export interface EngineReport {
  readonly name: "native" | "tfjs" | "reference";
  /** What it runs on: `AVX-512`, `WebAssembly`, `tensorflow 2.21.0 (GPU)`, TensorFlow.js's `wasm`. Of a tfjs backend that doesn't run: its name. */
  readonly target: string;
  readonly available: boolean;
  /** Whether `auto` takes it. One report at most has it. */
  readonly chosen: boolean;
  /** Why it is available or not, in a sentence. */
  readonly reason: string;
  /** How many times longer a training step takes than on `native`, roughly (one core, NASNet with N=1, F=8, batch 64). Absent for GPUs. */
  readonly slowdown?: number;
  /** What would make it available, or fast. Absent where it is. */
  readonly advice?: string;
}

/**
 * Processor time of a training step over that of `native`: NASNet-A with N=1, F=8, 32x32 images, on an EPYC Zen 4 with AVX-512, where `native` took 3.1 ms
 * an image, tfjs-node (TensorFlow 2.21) 19, TensorFlow.js's wasm 400, the reference 600 and plain JavaScript 2,700. Orders of magnitude: machines
 * differ. Our own WebAssembly, measured on a Xeon with AVX-512, where `native` took 2.2 ms an image: 2 times, and 3 with N=2, F=16.
 */
const slowdowns = { WebAssembly: 2, "tfjs-node": 6, wasm: 130, cpu: 900, reference: 200 } as const;

function slowdownOf(backend: string): number | undefined {
  return backend in slowdowns ? slowdowns[backend as keyof typeof slowdowns] : undefined;
}

type Draft = Omit<EngineReport, "chosen">;

function reportBinary(): Draft {
  try {
    const { target } = createNativeEngine(loadBinary());
    return { name: "native", target, available: true, reason: "its binary loads", slowdown: 1 };
  } catch (error) {
    const advice =
      "Reinstall Cellwright on a supported platform, or build it from a checkout with a C++ compiler: npm run build:native";
    return { name: "native", target: "native", available: false, reason: messageOf(error), slowdown: 1, advice };
  }
}

function reportWasm(): Draft {
  const common = { name: "native", target: "WebAssembly", slowdown: slowdowns.WebAssembly } as const;
  try {
    loadWasm();
    return { ...common, available: true, reason: "runs where no binary fits the platform" };
  } catch (error) {
    const advice = "Reinstall Cellwright, or build it from a checkout with clang and lld: npm run build:native";
    return { ...common, available: false, reason: messageOf(error), advice };
  }
}

async function reportTfjs(
  backend: TfjsBackend,
  gpu: { readonly visible: boolean; readonly reason: string },
): Promise<Draft> {
  const slowdown = slowdownOf(backend);
  const common = { name: "tfjs", ...(slowdown === undefined ? {} : { slowdown }) } as const;
  const finding = findTfjs(backend);
  if (!finding.installed) {
    const reason = `${finding.missing} is not installed`;
    return { ...common, target: backend, available: false, reason, advice: installAdvice(backend) };
  }
  try {
    const { target } = await loadTfjs(backend);
    if (!target.endsWith("(CPU)") || backend === "tfjs-node")
      return { ...common, target, available: true, reason: `found from ${finding.folder}` };
    const reason = gpu.visible ? "TensorFlow finds no CUDA libraries that fit" : gpu.reason;
    const advice = "Install NVIDIA's driver and the CUDA and cuDNN that @tensorflow/tfjs-node-gpu asks for";
    return { ...common, target, available: true, reason, slowdown: slowdowns["tfjs-node"], advice };
  } catch (error) {
    const advice = `${installAdvice(backend)} (without --ignore-scripts)`;
    return { ...common, target: backend, available: false, reason: messageOf(error), advice };
  }
}

/**
 * Says of every engine whether it runs here, why, how much slower than `native` it is, and what to do. Best first. Loads what is installed, so
 * it takes a second or two; TensorFlow's two packages can't be in one process, so with tfjs-node-gpu at work tfjs-node isn't tried.
 */
export async function describeEngines(): Promise<readonly EngineReport[]> {
  const gpu = findTfjs("tfjs-node-gpu").installed ? findGpu() : { visible: false, reason: "" };
  const binary = reportBinary();
  const wasm = reportWasm();
  // What only stands in for the binary isn't missed beside it.
  const native = binary.available && !wasm.available ? [binary] : [binary, wasm];
  const backends: Draft[] = [];
  for (const backend of tfjsBackends) {
    // No runtime of ours has WebGPU unless somebody gave it one.
    if (backend === "webgpu" && !findTfjs(backend).installed) continue;
    if (
      backend === "tfjs-node" &&
      backends.some((report) => report.available && report.target.startsWith("tensorflow"))
    )
      continue;
    backends.push(await reportTfjs(backend, gpu));
  }
  const onGpu = backends.filter((report) => report.target.includes("GPU"));
  const others = backends.filter((report) => !onGpu.includes(report));
  const { target } = openReferenceEngine();
  const reference: Draft = {
    name: "reference",
    target,
    available: true,
    reason: "needs nothing; made to be checked against, not to train with",
    slowdown: slowdowns.reference,
  };
  // In plain JavaScript TensorFlow.js is behind the reference, and `auto` doesn't take it.
  const plain = others.filter((report) => report.target === "cpu");
  const drafts = [...onGpu, ...native, ...others.filter((report) => !plain.includes(report)), reference, ...plain];
  const chosen = drafts.find((report) => report.available);
  return drafts.map((report) => ({ ...report, chosen: report === chosen }));
}

/** Returns the warning that belongs to an engine which is far slower than `native`, with what to do; undefined for one that isn't. */
export function slowEngineWarning(engine: Pick<Engine, "name" | "target">): string | undefined {
  if (engine.target.includes("GPU")) return undefined;
  const key =
    engine.name === "reference" ? "reference" : engine.target.startsWith("tensorflow") ? "tfjs-node" : engine.target;
  const slowdown = slowdownOf(key);
  if (slowdown === undefined) return undefined;
  return `Only a slower engine is to be had: ${engine.name} (${engine.target}), about ${slowdown} times slower than native${engine.name === "native" ? "'s binary" : ""}. Run "cellwright doctor" for what to do.`;
}

/** Returns the warning for whoever leaves the choice of engine to us or asks for `native`, if its binary isn't to be had; costs a second or two only then. */
export async function autoEngineWarning(): Promise<string | undefined> {
  if (reportBinary().available) return undefined;
  const chosen = (await describeEngines()).find((report) => report.chosen);
  return chosen === undefined ? undefined : slowEngineWarning(chosen);
}
