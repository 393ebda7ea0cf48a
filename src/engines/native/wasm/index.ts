/**
 * @file Public entry `cellwright/engines/wasm`: the native engine in WebAssembly, opened from the module's bytes. Nothing that it imports is Node's, so a
 * browser's page can train with it (in a worker, where a step that takes a second does not hold the page).
 *
 *     const bytes = new Uint8Array(await (await fetch("cellwright.wasm")).arrayBuffer());
 *     const engine = await openWasmEngine(bytes);
 */
import type { Engine } from "../../engine.ts";
import { createNativeEngine } from "../engine.ts";
import { createWasmBinding } from "./binding.ts";
import { compileWasm } from "./module.ts";

export type {
  Batch,
  Engine,
  InferenceOptions,
  OptimizerOptions,
  Session,
  SessionOptions,
  SessionState,
  StepOptions,
  StepResult,
} from "../../engine.ts";

/** Opens the engine on the bytes of `prebuilds/cellwright.wasm`. Throws `engine` where they can't be compiled here: it takes WebAssembly with SIMD. */
export async function openWasmEngine(bytes: Uint8Array): Promise<Engine> {
  return createNativeEngine(createWasmBinding(await compileWasm(bytes)));
}
