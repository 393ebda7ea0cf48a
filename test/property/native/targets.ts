/** @file The targets of the native engine that this machine can run, WebAssembly among them: all are tested, not just the one that would be chosen. */
import { describe } from "vitest";
import { loadBinary, loadWasm, type NativeTarget } from "../../../src/engines/native/binding.ts";
import { describeWasm, wasmMissing } from "../../support/wasm.ts";

/** Returns the binary's targets, and WebAssembly where its module is built; in CI it has to be. */
export function nativeTargets(): readonly NativeTarget[] {
  return [...loadBinary().targets(), ...(wasmMissing() === undefined ? loadWasm().targets() : [])];
}

/** Describes a suite once for every target, by its name and vector width. */
export function describeTargets(title: string, suite: (target: NativeTarget) => void): void {
  for (const target of nativeTargets()) describe(`${title} on ${target.name}:${target.width}`, () => suite(target));
  // Named as skipped, with the reason.
  if (wasmMissing() !== undefined) describeWasm(`${title} on wasm`, () => {});
}
