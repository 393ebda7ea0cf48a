/** @file Welch's test against tables of Student's distribution. */
import { describe, expect, it } from "vitest";
import { welch } from "../../../bench/parity/welch.ts";

describe("Welch's test", () => {
  it("gives Student's tail for samples of equal spread", () => {
    // Two of three values, spread 1 each: t = d / sqrt(2 / 3) with 4 degrees of freedom, whose two-sided 5% point is 2.776445.
    const d = 2.776445 * Math.sqrt(2 / 3);
    const { t, freedom, p, difference } = welch([-1, 0, 1], [d - 1, d, d + 1]);
    expect(difference).toBeCloseTo(d, 12);
    expect(t).toBeCloseTo(2.776445, 6);
    expect(freedom).toBeCloseTo(4, 12);
    expect(p).toBeCloseTo(0.05, 6);
  });

  it("has fewer degrees of freedom where spreads differ, and no sign", () => {
    // 12.7062 is the two-sided 5% point of one degree of freedom, 4.302653 of two: here all spread is in one sample of three.
    const d = 4.302653 * Math.sqrt(1 / 3);
    const { freedom, p } = welch([5, 5, 5], [5 - d - 1, 5 - d, 5 - d + 1]);
    expect(freedom).toBeCloseTo(2, 12);
    expect(p).toBeCloseTo(0.05, 6);
  });

  it("says what it can of samples without spread", () => {
    expect(welch([1, 1], [1, 1]).p).toBe(1);
    expect(welch([1, 1], [2, 2]).p).toBe(0);
  });
});
