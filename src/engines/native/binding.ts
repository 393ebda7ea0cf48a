/**
 * @file Loads the compiled kernels: `native/build` of a checkout, or `prebuilds/` of the installed package. Found from src/ (tests) and from
 * dist/src/ alike.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CellwrightError, messageOf } from "../../base/errors.ts";

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
}

/** What native/src/addon.cc exports. Everything is checked there: wrong sizes throw. */
export interface NativeBinding {
  /** What this machine runs, best first. */
  targets(): readonly NativeTarget[];
  open(
    target: string,
    width: number,
    train: Float64Array | null,
    evaluate: Float64Array,
    segments: Float64Array | null,
    cleared: Float64Array | null,
    threads: number,
  ): NativeHandle;
  close(session: NativeHandle): void;
  /** Copies parameters (0), momentum (1) or gradients (2) out, or parameters and momentum in. */
  read(session: NativeHandle, area: 0 | 1 | 2, into: Float32Array): void;
  write(session: NativeHandle, area: 0 | 1 | 2, from: Float32Array): void;
  /** Trains where `masks` is given, and updates where `numbers` is: learning rate, momentum, Nesterov, weight decay, clip norm (0 for none). */
  run(
    session: NativeHandle,
    images: Float32Array,
    size: number,
    labels: Int32Array | null,
    masks: Float32Array | null,
    uploads: Float32Array | null,
    numbers: Float64Array | null,
  ): Promise<NativeResult>;
  bytes(session: NativeHandle): number;
}

let loaded: NativeBinding | undefined;

/** Returns the kernels. Throws `engine` saying what to do where there are none for this platform. */
export function loadBinding(): NativeBinding {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const root = packageRoot();
  const built = join(root, "native", "build", "Release", "cellwright.node");
  try {
    // A binary by path: to compare two builds side by side.
    const path = process.env["CELLWRIGHT_NATIVE_BINARY"] ?? (existsSync(built) ? built : prebuilt(require, root));
    loaded = require(path) as NativeBinding;
    return loaded;
  } catch (error) {
    throw new CellwrightError(
      "engine",
      `Expected the native engine for ${process.platform}-${process.arch}, in prebuilds/ or built by "npm run build:native" (it needs a C++ compiler and Python). Received: ${messageOf(error)}`,
      { cause: error },
    );
  }
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
