/**
 * @file The engine's WebAssembly module for tests: built by `npm run build:native` where clang and lld are. Where it isn't, suites on it are skipped by name with the
 * reason; in CI (CI=true) that fails instead.
 */
import { describe } from "vitest";
import { messageOf } from "../../src/base/errors.ts";
import { loadWasm } from "../../src/engines/native/binding.ts";
import { describeSkipped } from "./skipped.ts";

/** Returns why there is no module to test, or undefined. In CI a missing one throws. */
export function wasmMissing(): string | undefined {
  try {
    loadWasm();
    return undefined;
  } catch (error) {
    const reason = messageOf(error);
    if (process.env["CI"] === "true")
      throw new Error(`CI needs the engine's WebAssembly module: ${reason}`, { cause: error });
    return reason;
  }
}

/** Describes a suite that needs the module. */
export function describeWasm(title: string, suite: () => void): void {
  const reason = wasmMissing();
  if (reason === undefined) describe(title, suite);
  else describeSkipped(title, reason);
}
