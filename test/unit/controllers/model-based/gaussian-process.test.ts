/** @file The arithmetic of the surrogate: factors against products, gradients against finite differences, predictions against a solved system. */
import { createRng } from "cellwright/base";
import { describe, expect, it } from "vitest";
import { cholesky, inverseFrom, solveLower, solveUpper } from "../../../../controllers/model-based/cholesky.ts";
import { distancesOf } from "../../../../controllers/model-based/distances.ts";
import { fit, guess, model, posterior } from "../../../../controllers/model-based/gaussian-process.ts";
import { expectedImprovement, normalCdf, rankScores } from "../../../../controllers/model-based/improvement.ts";
import { type Point, viewsOf } from "../../../../controllers/model-based/kernel.ts";

const rng = createRng("gaussian-process");
const views = viewsOf(true);

function randomPoint(): Point {
  const paths = [...new Set(Array.from({ length: 4 }, () => rng.int(9)))].sort((a, b) => a - b);
  return {
    genotype: {},
    text: "",
    codes: Float64Array.from({ length: 6 }, () => rng.int(2)),
    graph: {
      paths: { paths: Uint32Array.from(paths), values: Float64Array.from(paths, () => rng.next()) },
      cost: [rng.next(), rng.next()],
      signature: "",
      nodeCount: 1,
    },
  };
}

/** Symmetric, positive definite. */
function randomMatrix(size: number) {
  const root = Float64Array.from({ length: size * size }, () => rng.normal());
  const data = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) data[i * size + j]! += root[i * size + k]! * root[j * size + k]!;
      if (i === j) data[i * size + j]! += 1;
    }
  return { size, data };
}

describe("cholesky", () => {
  it("its product is the matrix, what is solved with it holds, and the inverse inverts", () => {
    for (const size of [1, 2, 5, 8, 13]) {
      const matrix = randomMatrix(size);
      const factor = cholesky(matrix)!;
      const at = (data: Float64Array, i: number, j: number) => data[i * size + j]!;
      const x = Float64Array.from({ length: size }, () => rng.normal());
      const solved = Float64Array.from(x);
      solveLower(factor, solved);
      solveUpper(factor, solved);
      const inverse = inverseFrom(factor);
      for (let i = 0; i < size; i++) {
        let [product, byInverse] = [0, 0];
        for (let j = 0; j < size; j++) {
          let entry = 0;
          for (let k = 0; k <= Math.min(i, j); k++) entry += at(factor.data, i, k) * at(factor.data, j, k);
          expect(entry).toBeCloseTo(at(matrix.data, i, j), 9);
          product += at(matrix.data, i, j) * solved[j]!;
          byInverse += (j <= i ? at(inverse.data, i, j) : at(inverse.data, j, i)) * x[j]!;
        }
        expect(product).toBeCloseTo(x[i]!, 9);
        expect(byInverse).toBeCloseTo(solved[i]!, 9);
      }
    }
  });

  it("refuses what is not positive definite", () => {
    expect(cholesky({ size: 2, data: Float64Array.from([1, 2, 2, 1]) })).toBeUndefined();
    expect(cholesky({ size: 1, data: Float64Array.from([Number.NaN]) })).toBeUndefined();
  });
});

describe("Gaussian process", () => {
  const points = Array.from({ length: 14 }, randomPoint);
  const distances = distancesOf(points, views);
  const values = Float64Array.from(points, () => rng.normal());

  it("has the gradient that finite differences have", () => {
    const centre = Float64Array.from([-1, -1, -1, 0.5, 0.2, 0.1, -3]);
    const logs = centre.map((value) => value + 0.3 * rng.normal());
    const { gradient } = posterior(distances, views, values, logs, centre);
    const step = 1e-5;
    for (let p = 0; p < logs.length; p++) {
      const [up, down] = [step, -step].map((change) => {
        const moved = logs.map((value, index) => (index === p ? value + change : value));
        return posterior(distances, views, values, moved, centre).value;
      });
      // Central differences of a value of about 20 in double precision: 1e-9 relative to step.
      expect(gradient[p]).toBeCloseTo((up! - down!) / (2 * step), 6);
    }
  });

  it("fits better than its guess, and the same each time", () => {
    const first = fit(distances, views, values);
    expect(fit(distances, views, values)).toEqual(first);
    const start = guess(distances, views);
    const logsOf = ({ variances, scales, noise }: typeof first) =>
      Float64Array.from([...variances, ...scales, noise], Math.log);
    const centre = logsOf(start);
    const valueOf = (logs: Float64Array) => posterior(distances, views, values, logs, centre).value;
    expect(valueOf(logsOf(first))).toBeGreaterThan(valueOf(centre));
  });

  it("predicts what the textbook's formulas say", () => {
    const [a, b, c] = points as [Point, Point, Point];
    const hyperparameters = { variances: [0.5, 0.3, 0.2], scales: [2, 1, 0.5], noise: 0.1 };
    const k = (x: Point, y: Point) =>
      views.reduce(
        (sum, view, v) =>
          sum + hyperparameters.variances[v]! * view.similarity(view.distance(x, y), hyperparameters.scales[v]!),
        0,
      );
    const { mean, variance } = model([a, b], Float64Array.from([1, -2]), views, hyperparameters).look(c);
    const [own, cross] = [1.1, k(a, b)];
    const determinant = own * own - cross * cross;
    const solve = (x: number, y: number) => [(own * x - cross * y) / determinant, (own * y - cross * x) / determinant];
    const [ka, kb] = [k(a, c), k(b, c)];
    const [wa, wb] = solve(1, -2) as [number, number];
    expect(mean).toBeCloseTo(ka * wa + kb * wb, 10);
    const [va, vb] = solve(ka, kb) as [number, number];
    expect(variance()).toBeCloseTo(1 - (ka * va + kb * vb), 10);
  });

  it("a trial in flight leaves means as they are and makes its surroundings certain", () => {
    const hyperparameters = guess(distances, views);
    const [pending, other] = points.slice(-2) as [Point, Point];
    const seen = points.slice(0, 10);
    const own = values.slice(0, 10);
    const without = model(seen, own, views, hyperparameters);
    const during = model([...seen, pending], own, views, hyperparameters);
    expect(during.look(other).mean).toBeCloseTo(without.look(other).mean, 10);
    expect(during.look(other).variance()).toBeLessThan(without.look(other).variance());
    expect(during.look(pending).variance()).toBeLessThan(0.5 * without.look(pending).variance());
  });

  it("bears points that are equal, without noise", () => {
    const twice = [points[0]!, points[0]!, points[0]!];
    const hyperparameters = { variances: [1, 1, 1], scales: [1, 1, 1], noise: 0 };
    const { mean } = model(twice, Float64Array.from([1, 1, 1]), views, hyperparameters).look(points[0]!);
    expect(mean).toBeCloseTo(1, 4);
  });
});

describe("improvement", () => {
  it("ranks, equals sharing theirs, with mean 0 and variance 1", () => {
    const values = rankScores([5, 1, 3, 3, -Infinity, -Infinity]);
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
    expect(values.reduce((sum, value) => sum + value * value, 0) / 6).toBeCloseTo(1, 12);
    expect(values[2]).toBe(values[3]);
    expect(values[4]).toBe(values[5]);
    // Ranks 1, 2.5, 4: equal steps of the logarithm where ranks have equal ratios.
    expect((values[0]! - values[2]!) / (values[2]! - values[1]!)).toBeCloseTo(Math.log(2.5) / Math.log(1.6), 10);
    expect([...rankScores([2, 2])]).toEqual([0, 0]);
  });

  it("of a part, ranks are those among all", () => {
    const scores = [9, 8, 7, 6, 5];
    const part = rankScores(scores, [0, 1, 4]);
    expect((part[0]! - part[1]!) / (part[1]! - part[2]!)).toBeCloseTo(Math.log(2) / Math.log(2.5), 10);
  });

  it("is what an average over draws is", () => {
    const draws = Array.from({ length: 200_000 }, () => Math.max(0, 0.3 + 2 * rng.normal() - 1));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    // The deviation of a draw is about 1: 0.01 is four standard errors.
    expect(Math.abs(expectedImprovement(0.3, 4, 1) - mean)).toBeLessThan(0.01);
    expect(normalCdf(1.96)).toBeCloseTo(0.9750021, 6);
    expect(normalCdf(-1)).toBeCloseTo(0.1586553, 6);
  });
});
