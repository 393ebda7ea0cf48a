/** @file Estimates of time and memory, and the stricter of two limits. */
import { describe, expect, test } from "vitest";
import { createTimeEstimator, strictest, timeObjection, trainingWork } from "../../../src/evaluators/estimate.ts";
import { costOf, network } from "../../../src/network/index.ts";
import { smallNetwork } from "../../support/small-training.ts";

const wide = network("wide", [8, 8, 1], (net) => {
  const x = net.conv("conv", net.input, { filters: 64, kernel: 5 });
  return net.dense("fc", net.flatten("flat", x), { units: 2 });
});

describe("time", () => {
  test("grows with work and images, in the ratio that was measured", () => {
    const estimator = createTimeEstimator();
    expect(estimator.trainMs(smallNetwork, 100)).toBeUndefined();
    estimator.learn(smallNetwork, 100, 50);
    expect(estimator.trainMs(smallNetwork, 100)).toBeCloseTo(50, 9);
    expect(estimator.trainMs(smallNetwork, 300)).toBeCloseTo(150, 9);
    expect(estimator.trainMs(wide, 100)).toBeCloseTo((50 * trainingWork(wide)) / trainingWork(smallNetwork), 9);
    estimator.learn(smallNetwork, 100, 100);
    expect(estimator.trainMs(smallNetwork, 100)).toBeCloseTo(75, 9);
  });

  test("counts three passes of the multiply-accumulates, and every stored value", () => {
    // The image, the convolution's output, the same flattened, the logits.
    expect(trainingWork(wide)).toBe(3 * costOf(wide).macs + 60 * (64 + 4096 + 4096 + 2));
  });

  test("objects only over the limit", () => {
    expect(timeObjection(1000, {})).toBeUndefined();
    expect(timeObjection(1000, { timeMs: 1000 })).toBeUndefined();
    expect(timeObjection(90_000, { timeMs: 60_000 })).toBe(
      "would train for about 90 s, over the limit of 60 s: not trained",
    );
  });
});

test("strictest takes the smaller of each limit that is there", () => {
  expect(strictest({ memoryBytes: 5 }, { memoryBytes: 3, timeMs: 9 })).toEqual({ memoryBytes: 3, timeMs: 9 });
  expect(strictest({ timeMs: 4 }, { timeMs: 9 })).toEqual({ memoryBytes: undefined, timeMs: 4 });
});
