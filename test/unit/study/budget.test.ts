/** @file When a search is over. */
import { describe, expect, it } from "vitest";
import { manualClock } from "../../../src/base/clock.ts";
import { watchBudget } from "../../../src/study/budget.ts";

describe("budget", () => {
  it("counts wall time over resumes", () => {
    const clock = manualClock(1_000);
    const watch = watchBudget({ hours: 1 }, undefined, clock, 3_000_000);
    expect(watch.spent(0, undefined)).toBeUndefined();
    expect(watch.remainingMs()).toBe(600_000);
    clock.advance(600_000);
    expect(watch.elapsedMs()).toBe(3_600_000);
    expect(watch.spent(0, undefined)).toBe("time");
  });

  it("takes nothing back where the clock is set back", () => {
    const clock = manualClock(1_000_000);
    const watch = watchBudget({ hours: 1 }, undefined, clock, 500);
    clock.advance(700);
    expect(watch.elapsedMs()).toBe(1_200);
    clock.advance(-900_000);
    expect(watch.elapsedMs()).toBe(1_200);
    clock.advance(300);
    expect(watch.elapsedMs()).toBe(1_500);
  });

  it("counts trials and looks at the target in the objective's direction", () => {
    const clock = manualClock();
    const up = watchBudget({ trials: 3, target: 0.9 }, { name: "accuracy", direction: "maximize" }, clock, 0);
    expect([up.spent(2, 0.89), up.spent(3, 0.89), up.spent(1, 0.9)]).toEqual([undefined, "trials", "target"]);
    const down = watchBudget({ target: 0.1 }, { name: "loss", direction: "minimize" }, clock, 0);
    expect([down.spent(1, 0.2), down.spent(1, 0.05)]).toEqual([undefined, "target"]);
    expect(watchBudget({}, undefined, clock, 0).spent(10_000, 1)).toBeUndefined();
  });
});
