/** @file The native engine keeps the engine contract, in its binary and in WebAssembly. Skipped, with the reason, where one isn't built. */
import { describe, it } from "vitest";
import { messageOf } from "../../../src/base/errors.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { loadBinary } from "../../../src/engines/native/binding.ts";
import { createNativeEngine } from "../../../src/engines/native/engine.ts";
import { describeEngine } from "../../support/engine-contract.ts";
import { describeWasm } from "../../support/wasm.ts";

function binaryMissing(): string | undefined {
  try {
    loadBinary();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const reason = binaryMissing();
if (reason === undefined) describeEngine("the native engine", async () => createNativeEngine(loadBinary()));
else if (process.env["CI"] === "true") throw new Error(`CI needs the native engine: ${reason}`);
else describe.skip(`the native engine [skipped: ${reason}]`, () => it("runs", () => {}));

describeWasm("the native engine in WebAssembly", () =>
  describeEngine("wasm", () => openNativeEngine({ target: "wasm" })),
);
