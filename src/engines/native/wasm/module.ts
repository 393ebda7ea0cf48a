/**
 * @file The WebAssembly module of the kernels (native/src/wasm.cc): its exports, and compiling it. TypeScript knows the `WebAssembly` of browsers by their
 * library alone, which we do not ask for; so the little that we use of it is declared here.
 */
import { CellwrightError, messageOf } from "../../../base/errors.ts";

/** What native/src/wasm.cc exports. Pointers and complaints are addresses in `memory`, 0 for none. */
export interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  allocate(bytes: number): number;
  release(address: number): void;
  /** The i-th vector width, best first; 0 behind the last. */
  width(index: number): number;
  open(
    width: number,
    train: number,
    trainSize: number,
    evaluate: number,
    evaluateSize: number,
    segments: number,
    segmentsSize: number,
    cleared: number,
    clearedSize: number,
    extras: number,
  ): number;
  close(): void;
  /** Address of an area of the open session, and its size in numbers. */
  at(area: number): number;
  size(area: number): number;
  bytes(): number;
  run(size: number, examples: number, flags: number): number;
  loss(): number;
  correct(): number;
}

/** What WASI calls the constructors of a module that has no `main`. */
const initialize = "_initialize";

/** A compiled module. */
type Compiled = object & { readonly __compiled: unique symbol };

interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<Compiled>;
  readonly Module: new (bytes: Uint8Array) => Compiled;
  readonly Instance: new (module: Compiled) => { readonly exports: unknown };
}

/** Makes instances of the kernels, each with a memory of its own. Throws where there is no room for one. */
export type WasmFactory = () => WasmExports;

/** Compiles the kernels, as a browser's page has to. Throws `engine` where this runtime can't: it needs WebAssembly with SIMD. */
export async function compileWasm(bytes: Uint8Array): Promise<WasmFactory> {
  return factoryOf(
    await api()
      .compile(bytes)
      .catch((error: unknown) => refuse(error)),
  );
}

/** Compiles the kernels at once. A browser may refuse that on its main thread. Throws `engine`. */
export function compileWasmSync(bytes: Uint8Array): WasmFactory {
  const { Module } = api();
  try {
    return factoryOf(new Module(bytes));
  } catch (error) {
    return refuse(error);
  }
}

function api(): WebAssemblyApi {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return refuse("none");
  return WebAssembly;
}

function factoryOf(module: Compiled): WasmFactory {
  const { Instance } = api();
  return () => {
    const exports = new Instance(module).exports as WasmExports & Readonly<Record<typeof initialize, () => void>>;
    exports[initialize]();
    return exports;
  };
}

function refuse(error: unknown): never {
  throw new CellwrightError(
    "engine",
    `Expected WebAssembly with SIMD, and our kernels. Received: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}
