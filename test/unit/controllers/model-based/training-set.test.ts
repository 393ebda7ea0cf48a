/** @file What the surrogate is made of when there are many trials: which of them, the distances kept between models, and whom it looks at closely. */
import { createRng } from "cellwright/base";
import { describe, expect, it } from "vitest";
import { distancesOf } from "../../../../controllers/model-based/distances.ts";
import type { Model } from "../../../../controllers/model-based/gaussian-process.ts";
import { expectedImprovement, fromBest, mostPromising } from "../../../../controllers/model-based/improvement.ts";
import { type Point, viewsOf } from "../../../../controllers/model-based/kernel.ts";
import { trainingSet } from "../../../../controllers/model-based/training-set.ts";

const rng = createRng("training-set");

/** Decisions of three options, and a number. */
function randomPoint(index: number): Point {
  const codes = Float64Array.from([rng.int(3), rng.int(3), rng.int(3), rng.int(2) === 0 ? rng.next() : rng.int(2)]);
  return { genotype: {}, text: String(index), codes, graph: undefined };
}

describe("the training set", () => {
  const scores = Array.from({ length: 1_000 }, () => rng.int(50));
  const order = fromBest(scores);

  it("is everything while that is not too much", () => {
    expect(trainingSet(5, [4, 3, 2, 1, 0], 20)).toEqual([0, 1, 2, 3, 4]);
  });

  it("has as many as are allowed: the best, the latest, and some of all ages", () => {
    const chosen = trainingSet(1_000, order, 200);
    expect(new Set(chosen).size).toBe(200);
    expect(chosen).toEqual(expect.arrayContaining(order.slice(0, 100)));
    expect(chosen).toEqual(expect.arrayContaining(Array.from({ length: 50 }, (_, i) => 950 + i)));
    const middling = chosen.filter((index) => index < 900 && !order.slice(0, 100).includes(index));
    expect(middling.length).toBeGreaterThan(20);
    expect(Math.max(...middling) - Math.min(...middling)).toBeGreaterThan(700);
  });

  it("changes little from trial to trial", () => {
    const now = new Set(trainingSet(900, fromBest(scores.slice(0, 900)), 200));
    const next = trainingSet(901, fromBest(scores.slice(0, 901)), 200);
    expect(next.filter((index) => !now.has(index)).length).toBeLessThan(4);
  });
});

describe("distances", () => {
  const points = Array.from({ length: 12 }, (_, index) => randomPoint(index));
  const views = viewsOf(false);

  it("that are kept are those made anew, whatever came and went", () => {
    const known = { points: points.slice(0, 8), distances: distancesOf(points.slice(0, 8), views) };
    const next = [points[9]!, ...points.slice(2, 8).toReversed(), points[11]!];
    expect(distancesOf(next, views, known)).toEqual(distancesOf(next, views));
  });

  it("of one to all are those one by one", () => {
    for (const view of views) {
      const row = view.against(points.slice(0, 8));
      for (const point of points)
        for (const [index, distance] of row(point).entries())
          // Sums in another order, of numbers of about 1.
          expect(distance).toBeCloseTo(view.distance(points[index]!, point), 12);
    }
  });
});

describe("the most promising", () => {
  it("are those of greatest expected improvement, though few are looked at closely", () => {
    const points = Array.from({ length: 300 }, (_, index) => randomPoint(index));
    const outlooks = new Map(points.map((point) => [point, { mean: 2 * rng.normal(), variance: rng.next() }]));
    let looked = 0;
    const model: Model = {
      greatestVariance: 1,
      look: (point) => {
        const { mean, variance } = outlooks.get(point)!;
        return { mean, variance: () => (looked++, variance) };
      },
    };
    const value = (point: Point) => expectedImprovement(outlooks.get(point)!.mean, outlooks.get(point)!.variance, 1);
    const sorted = points.toSorted((a, b) => value(b) - value(a));
    expect(mostPromising(model, points, 1, 5)).toEqual(sorted.slice(0, 5));
    expect(looked).toBeLessThan(60);
    expect(mostPromising(model, points.slice(0, 3), 1, 5)).toHaveLength(3);
  });
});
