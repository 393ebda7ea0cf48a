/**
 * @file The kernels' interface, and finding them: the binary for this platform, else the WebAssembly module, in `native/build` of a checkout or in
 * `prebuilds/` of the installed package. Found from src/ (tests) and from dist/src/ alike. What runs without Node imports types alone from here.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CellwrightError, messageOf } from "../../base/errors.ts";
import type { NativeArea } from "./flags.ts";
import { createWasmBinding, wasmTarget } from "./wasm/binding.ts";
import { compileWasmSync } from "./wasm/module.ts";

/** A session in C++. */
export type NativeHandle = object & { readonly __native: unique symbol };

/** An instruction set and how many floats its vectors hold here. */
export interface NativeTarget {
  readonly name: string;
  readonly width: number;
}

export interface NativeResult {
  readonly loss: number;
  readonly correct: number;
  /** Evaluation only. */
  readonly logits?: Float32Array;
  /** By operation of the plan, where that was asked for. */
  readonly opNanoseconds?: Float64Array;
}

export interface NativePeaks {
  /** Multiply-adds on registers alone, two operations each. */
  readonly flopsPerSecond: number;
  /** From and to memory, far beyond the caches. */
  readonly bytesPerSecond: number;
}

/** What native/src/addon.cc exports, and wasm/binding.ts. Everything is checked there: wrong sizes throw. */
export interface NativeBinding {
  /** What this machine runs, best first. */
  targets(): readonly NativeTarget[];
  /** `extras`: what a training session holds beside one slot of the optimizer, a sum of `nativeExtras`. */
  open(
    target: string,
    width: number,
    train: Float64Array | null,
    evaluate: Float64Array,
    segments: Float64Array | null,
    cleared: Float64Array | null,
    threads: number,
    extras: number,
  ): NativeHandle;
  close(session: NativeHandle): void;
  /** Copies an area out, or in. */
  read(session: NativeHandle, area: NativeArea, into: Float32Array): void;
  write(session: NativeHandle, area: NativeArea, from: Float32Array): void;
  /**
   * Trains where `masks` is given, and updates where `numbers` is: those of `updateNumbers`. The gradient of the loss is divided by `examples`, those of all
   * batches of the step. `flags`: a sum of `nativeFlags`.
   */
  run(
    session: NativeHandle,
    images: Float32Array,
    size: number,
    labels: Int32Array | null,
    targets: Float32Array | null,
    masks: Float32Array | null,
    uploads: Float32Array | null,
    numbers: Float64Array | null,
    examples: number,
    flags: number,
  ): Promise<NativeResult>;
  bytes(session: NativeHandle): number;
  /** What one core could do at most with a target's instructions, measured now (0.2 s). Absent where there is no clock to measure by. */
  peaks?(target: string, width: number): NativePeaks;
}

let binary: NativeBinding | undefined;
let wasm: NativeBinding | undefined;

/**
 * Returns the kernels that have a target of that name: `wasm`, or one of the binary's; where no target is asked for, the binary's where there is a binary for this
 * platform, else those in WebAssembly. Throws `engine` saying what to do where there are none.
 */
export function loadBinding(target?: string): NativeBinding {
  if (target !== undefined) return target.split(":")[0] === wasmTarget ? loadWasm() : loadBinary();
  try {
    return loadBinary();
  } catch (error) {
    try {
      return loadWasm();
    } catch (other) {
      throw new CellwrightError("engine", `${messageOf(error)} ${messageOf(other)}`, { cause: error });
    }
  }
}

/** Returns the kernels of the binary. Throws `engine` where there is none for this platform. */
export function loadBinary(): NativeBinding {
  if (binary) return binary;
  const require = createRequire(import.meta.url);
  const root = packageRoot();
  const built = join(root, "native", "build", "Release", "cellwright.node");
  try {
    // A binary by path: to compare two builds side by side.
    const path = process.env["CELLWRIGHT_NATIVE_BINARY"] ?? (existsSync(built) ? built : prebuilt(require, root));
    binary = require(path) as NativeBinding;
    return binary;
  } catch (error) {
    throw new CellwrightError(
      "engine",
      `Expected the native engine for ${process.platform}-${process.arch}, in prebuilds/ or built by "npm run build:native" (it needs a C++ compiler and Python). Received: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Returns the kernels in WebAssembly. Throws `engine` where the module is not there, or this runtime can't run it. */
export function loadWasm(): NativeBinding {
  if (wasm) return wasm;
  const root = packageRoot();
  const built = join(root, "native", "build", "cellwright.wasm");
  const path =
    process.env["CELLWRIGHT_WASM"] ?? (existsSync(built) ? built : join(root, "prebuilds", "cellwright.wasm"));
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new CellwrightError(
      "engine",
      `Expected the native engine's WebAssembly module, in prebuilds/ or built by "npm run build:native" (it needs clang and lld). Received: ${messageOf(error)}`,
      { cause: error },
    );
  }
  wasm = createWasmBinding(compileWasmSync(bytes));
  return wasm;
}

function prebuilt(require: NodeJS.Require, root: string): string {
  const { path } = require("node-gyp-build") as { readonly path: (folder: string) => string };
  return path(root);
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) return process.cwd();
    folder = parent;
  }
  return folder;
}
