/** @file The native engine keeps the engine contract. Skipped, with the reason, where its binary isn't built. */
import { describe, it } from "vitest";
import { messageOf } from "../../../src/base/errors.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { describeEngine } from "../../support/engine-contract.ts";

const reason = await openNativeEngine().then(
  () => undefined,
  (error: unknown) => messageOf(error),
);
if (reason === undefined) describeEngine("the native engine", () => openNativeEngine());
else if (process.env["CI"] === "true") throw new Error(`CI needs the native engine: ${reason}`);
else describe.skip(`the native engine [skipped: ${reason}]`, () => it("runs", () => {}));
