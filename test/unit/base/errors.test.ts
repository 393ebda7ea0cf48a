/** @file Complaints in the house form, and messages of whatever was thrown. */
import { describe as group, expect, it } from "vitest";
import { CellwrightError, describe, expected, messageOf } from "../../../src/base/errors.ts";

group("errors", () => {
  it("tells what the user can mend from what we must", () => {
    expect(new CellwrightError("config", "x").isUserError).toBe(true);
    expect(new CellwrightError("internal", "x").isUserError).toBe(false);
    const cause = new Error("below");
    expect(new CellwrightError("data", "x", { cause, details: { file: "a" } })).toMatchObject({
      cause,
      details: { file: "a" },
      name: "CellwrightError",
    });
  });

  it("says what was expected and what was there, in one short line", () => {
    expect(expected("evaluator.epochs", "a whole number of 1 or more", "ten")).toBe(
      'evaluator.epochs  Expected a whole number of 1 or more. Received: "ten".',
    );
    expect(expected("a", "b", undefined)).toBe("a  Expected b. Received: nothing.");
    expect(describe("x".repeat(500))).toHaveLength(118);
    expect([describe(Number.NaN), describe(10n), describe(() => 1), describe({ a: [1] })]).toEqual([
      "NaN",
      "10",
      "a function",
      '{"a":[1]}',
    ]);
  });

  it("has words for anything, also for what no text can be made of", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const hostile = {
      toString: 0,
      toJSON: () => {
        throw new Error("no");
      },
    };
    for (const value of [cycle, hostile, { toString: 0 }, Object.create(null), Symbol("s"), null, undefined, 0]) {
      expect(typeof describe(value)).toBe("string");
      expect(typeof messageOf(value)).toBe("string");
    }
    expect([messageOf(new Error("m")), messageOf("text"), messageOf({ toString: 0 })]).toEqual([
      "m",
      "text",
      '{"toString":0}',
    ]);
  });
});
