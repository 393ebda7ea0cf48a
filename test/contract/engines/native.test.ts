/** @file The native engine keeps the engine contract, in its binary and in WebAssembly. Skipped, with the reason, where one isn't built. */
import { messageOf } from "../../../src/base/errors.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { loadBinary } from "../../../src/engines/native/binding.ts";
import { createNativeEngine } from "../../../src/engines/native/engine.ts";
import { describeEngine } from "../../support/engine-contract.ts";
import { describeSkipped } from "../../support/skipped.ts";
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
else describeSkipped("the native engine", reason);

describeWasm("the native engine in WebAssembly", () =>
  describeEngine("wasm", () => openNativeEngine({ target: "wasm" })),
);
