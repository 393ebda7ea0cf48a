/** @file Options are checked all at once, by name. */
import { CellwrightError } from "cellwright/base";
import { oneOf, realNumber, resolveOptions, wholeNumber, type OptionRules } from "cellwright/search";
import { describe, expect, it } from "vitest";

interface Options {
  readonly size: number;
  readonly rate: number;
  readonly way: "left" | "right";
  readonly limit?: number | undefined;
}

const rules: OptionRules<Options> = {
  size: wholeNumber(10, { min: 1, max: 99 }),
  rate: realNumber(0.5, { above: 0, max: 1 }),
  way: oneOf("left", ["left", "right"]),
  limit: wholeNumber<number | undefined>(undefined, { min: 1 }),
};

function problemsOf(given: unknown): string {
  try {
    resolveOptions("mine", given, rules);
  } catch (error) {
    expect(error).toBeInstanceOf(CellwrightError);
    expect((error as CellwrightError).code).toBe("config");
    return (error as CellwrightError).message;
  }
  return "";
}

describe("resolveOptions", () => {
  it("fills in what is absent or undefined, and leaves out what has no default", () => {
    expect(resolveOptions("mine", {}, rules)).toEqual({ size: 10, rate: 0.5, way: "left" });
    const given = { size: undefined, way: "right", limit: 3 };
    expect(resolveOptions("mine", given, rules)).toEqual({ size: 10, rate: 0.5, way: "right", limit: 3 });
  });

  it("names every option that is wrong, with what it may be", () => {
    expect(problemsOf({ size: "ten", rate: 0, way: "up", sise: 3, limit: 1.5 }).split("\n")).toEqual([
      "mine.sise  Expected one of the options size, rate, way, limit. Received: 3.",
      'mine.size  Expected a whole number from 1 to 99. Received: "ten".',
      "mine.rate  Expected a number above 0 and of at most 1. Received: 0.",
      'mine.way  Expected "left" or "right". Received: "up".',
      "mine.limit  Expected a whole number of 1 or more. Received: 1.5.",
    ]);
  });

  it.each([0, 100, 2.5, Number.NaN, Infinity, null, "5", 2 ** 60])("refuses size %s", (size) => {
    expect(problemsOf({ size })).toMatch(/^mine\.size {2}Expected a whole number from 1 to 99/);
  });

  it.each([1, 99])("takes size %s", (size) => {
    expect(problemsOf({ size })).toBe("");
  });

  it.each([null, 5, "x", [1]])("refuses %s in place of the options", (given) => {
    expect(problemsOf(given)).toMatch(/^mine {2}Expected an object of options/);
  });
});
