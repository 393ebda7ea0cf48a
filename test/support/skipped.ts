/** @file Suites that this machine can't run. */
import { describe, it } from "vitest";

/** Names a suite as skipped, with the reason. In CI (CI=true), where nothing is skipped, throws. */
export function describeSkipped(title: string, reason: string): void {
  if (process.env["CI"] === "true") throw new Error(`CI needs what "${title}" runs on: ${reason}`);
  describe.skip(`${title} [skipped: ${reason}]`, () => it("runs", () => {}));
}
