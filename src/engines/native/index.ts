/**
 * @file The native engine: plans a network in TypeScript, runs the plan in C++ with the vector instructions that this machine has, or in WebAssembly where
 * no binary fits the platform. One thread a session in a search, where a pool of workers keeps the cores busy; several for one network that is
 * trained alone, to the same bits.
 */
import type { Engine } from "../engine.ts";
import { loadBinding } from "./binding.ts";
import { createNativeEngine, type NativeEngineOptions } from "./engine.ts";

export type { NativeEngineOptions } from "./engine.ts";

/** Opens the engine. Throws `engine` where the kernels were neither built nor shipped for this platform, or `target` is not to be had. */
export async function openNativeEngine(options: NativeEngineOptions = {}): Promise<Engine> {
  return createNativeEngine(loadBinding(options.target), options);
}
