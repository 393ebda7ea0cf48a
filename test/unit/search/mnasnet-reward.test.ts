/** @file MnasNet's reward against the figures that its equation 2 and figure 3 give for an accuracy of 0.5 and a target of 80 ms. */
import { mnasnetReward, rewardOf } from "cellwright/search";
import { describe, expect, it } from "vitest";

const at = (latencyMs: number, options = {}) =>
  rewardOf(0.5, latencyMs, mnasnetReward({ latencyMs: 80, ...options }).reward);
const hard = { alpha: 0, beta: -1 };

describe("mnasnetReward", () => {
  it.each([
    [40, 0.52486],
    [80, 0.5],
    [160, 0.47632],
  ])("softly weighs %i ms", (latencyMs, reward) => {
    // Published to five digits.
    expect(at(latencyMs)).toBeCloseTo(reward, 5);
  });

  it.each([
    [40, 0.5],
    [80, 0.5],
    [160, 0.25],
  ])(
    "as a hard constraint leaves what is fast enough as it is, and halves at twice the target: %i ms",
    (latencyMs, reward) => {
      expect(at(latencyMs, hard)).toBe(reward);
    },
  );

  it("is an objective of plain JSON", () => {
    const objective = mnasnetReward({ macs: 300e6, measure: "top1" });
    expect(JSON.parse(JSON.stringify(objective))).toEqual({
      name: "mnasnetReward",
      direction: "maximize",
      reward: { measure: "top1", cost: "macs", target: 300e6, alpha: -0.07, beta: -0.07 },
    });
  });

  it("needs one target, and names what is wrong", () => {
    expect(() => mnasnetReward({})).toThrow(/^mnasnetReward {2}Expected one target, of latencyMs, macs, params\./);
    expect(() => mnasnetReward({ macs: 1, params: 1 })).toThrow(/Expected one target/);
    expect(() => mnasnetReward({ latencyMs: 0, beta: 1 })).toThrow(
      /^mnasnetReward\.latencyMs {2}Expected a number above 0\. Received: 0\.\nmnasnetReward\.beta {2}Expected a number of at most 0/,
    );
  });
});
