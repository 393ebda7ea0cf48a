/** @file Metrics against numbers made by hand, and against the session's own evaluation. */
import { describe, expect, it } from "vitest";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { createBatcher, evaluationBatches } from "../../../src/data/batches.ts";
import { createRng } from "../../../src/base/rng.ts";
import { createMetrics, measureMetrics } from "../../../src/training/index.ts";
import { engineOptions } from "../../../src/training/recipe.ts";
import { halvesDataset, smallNetwork, smallRecipe } from "../../support/small-training.ts";

/** Logits that make the probabilities these. */
const logs = (...probabilities: number[]): number[] => probabilities.map(Math.log);

describe("metrics of three classes", () => {
  const metrics = createMetrics(3);
  // Classes 0, 0, 0, 1, 1; predicted 0, 1, 0, 1, 2; class 2 has no image.
  metrics.add([...logs(0.5, 0.3, 0.2), ...logs(0.25, 0.5, 0.25)], [0, 0], 2);
  metrics.add([...logs(0.8, 0.1, 0.1), ...logs(0.1, 0.8, 0.1), ...logs(0.2, 0.3, 0.5), 9, 9, 9], [0, 1, 1, 2], 3);
  const result = metrics.result();

  it("are those counted by hand, over all batches", () => {
    expect(result).toMatchObject({ count: 5, classes: 3, accuracy: 3 / 5, undecided: 0 });
    expect([...result.confusion]).toEqual([2, 1, 0, 0, 1, 1, 0, 0, 0]);
    expect(result.perClass).toEqual([2 / 3, 1 / 2, undefined]);
    // Doubles: the sum differs from that by rounding alone.
    expect(result.crossEntropy).toBeCloseTo(-Math.log(0.5 * 0.25 * 0.8 * 0.8 * 0.3) / 5, 12);
    expect(metrics.totals()).toMatchObject({ count: 5, correct: 3 });
  });

  it("say why there is no top-5", () => {
    expect(result.topFive).toEqual({ absent: "with 3 classes every label is among the first 5" });
  });
});

describe("metrics of seven classes", () => {
  it("count a label among the five largest logits, of equal ones the first", () => {
    const falling = [7, 6, 5, 4, 3, 2, 1];
    const result = (rows: number[][], labels: number[]) => {
      const metrics = createMetrics(7);
      metrics.add(rows.flat(), labels, labels.length);
      return metrics.result();
    };
    expect(result([falling, falling, falling], [0, 4, 5]).topFive).toEqual({ accuracy: 2 / 3 });
    const equal = [1, 1, 1, 1, 1, 1, 1];
    const { topFive, accuracy, perClass, crossEntropy } = result([equal, equal, equal], [0, 4, 5]);
    expect(topFive).toEqual({ accuracy: 2 / 3 });
    expect(accuracy).toBe(1 / 3);
    expect(perClass).toEqual([1, undefined, undefined, undefined, 0, 0, undefined]);
    expect(crossEntropy).toBeCloseTo(Math.log(7), 12);
  });

  it("stay finite for logits of any size", () => {
    const metrics = createMetrics(7);
    metrics.add([1e5, 0, 0, 0, 0, 0, -1e5], [6], 1);
    expect(metrics.result().crossEntropy).toBe(2e5);
  });

  it("count a row with NaN as wrong and in no cell", () => {
    const metrics = createMetrics(7);
    metrics.add([NaN, 1, 1, 1, 1, 1, 1, 9, 0, 0, 0, 0, 0, 0], [1, 0], 2);
    const { accuracy, topFive, undecided, confusion, perClass, crossEntropy } = metrics.result();
    expect({ accuracy, topFive, undecided }).toEqual({ accuracy: 0.5, topFive: { accuracy: 0.5 }, undecided: 1 });
    expect(confusion.reduce((a, b) => a + b)).toBe(1);
    expect(perClass.slice(0, 2)).toEqual([1, 0]);
    expect(crossEntropy).toBeNaN();
  });
});

describe("what is wrong is named", () => {
  it.each([
    ["too few logits", [1, 2], [0], 1, "metrics  Expected 1 x 3 logits and 1 labels. Received: [2,1]."],
    ["a label that is no class", [1, 2, 3], [3], 1, "metrics  Expected labels below 3. Received: 3."],
  ])("%s", (_, logits, labels, size, message) => {
    expect(() => createMetrics(3).add(logits, labels, size)).toThrow(message);
  });
  it("nothing added", () => {
    expect(() => createMetrics(3).result()).toThrow("metrics  Expected at least one image. Received: 0.");
  });
});

describe("measureMetrics", () => {
  it("agrees with the session's evaluation, the last batch smaller", async () => {
    const dataset = halvesDataset();
    const engine = openReferenceEngine();
    const session = await engine.open(smallNetwork, { batchSize: 8, seed: 1, ...engineOptions(smallRecipe) });
    const set = dataset.validation;
    let correct = 0;
    let lossSum = 0;
    for (const batch of evaluationBatches(createBatcher(dataset, set, 8), set.size, createRng(0))) {
      const result = await session.evaluate(batch);
      correct += result.correct;
      lossSum += result.loss * batch.size;
    }
    const told: number[] = [];
    const metrics = await measureMetrics({
      session,
      dataset,
      set,
      batchSize: 8,
      onProgress: (done) => told.push(done),
    });
    expect(told).toEqual([8, 16, 20]);
    expect(metrics.count).toBe(20);
    expect(metrics.accuracy).toBe(correct / 20);
    // Logits are rounded to single precision on their way out: 6e-8 of numbers about 1.
    expect(metrics.crossEntropy).toBeCloseTo(lossSum / 20, 5);
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(measureMetrics({ session, dataset, set, batchSize: 8, signal: aborted })).rejects.toThrow("enough");
    await session.close();
  });
});
