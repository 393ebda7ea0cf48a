/** @file What expected hypervolume improvement is made of: scales and which is chosen, the view of sums, the worth of a front's ends, networks that are told already. */
import { createRng } from "cellwright/base";
import { describe, expect, it } from "vitest";
import { gainOver, prospects } from "../../../controllers/expected-hypervolume/prospects.ts";
import { leaveOneOut, learn, plainScale, scaleOf } from "../../../controllers/expected-hypervolume/scales.ts";
import { toldAlready } from "../../../controllers/expected-hypervolume/twins.ts";
import { distancesOf } from "../../../controllers/model-based/distances.ts";
import { fit, type Model, model } from "../../../controllers/model-based/gaussian-process.ts";
import { additiveView, type Point, viewsOf } from "../../../controllers/model-based/kernel.ts";

const DECISIONS = 6;
const OPTIONS = 4;
const views = [...viewsOf(false), additiveView(DECISIONS)];
const rng = createRng("expected-hypervolume-parts");
const worths = Float64Array.from({ length: DECISIONS * OPTIONS }, () => rng.normal());
const points = Array.from({ length: 60 }, (): Point => {
  const codes = Float64Array.from({ length: DECISIONS }, () => rng.int(OPTIONS));
  return { genotype: {}, text: codes.join(), codes, graph: undefined };
});
const sumOf = ({ codes }: Point): number =>
  codes.reduce((sum, code, decision) => sum + worths[decision * OPTIONS + code]!, 0);
const seen = points.slice(0, 40);
const distances = distancesOf(seen, views);

describe("plainScale", () => {
  it("has mean 0 and variance 1, and leads back to the values, the worst for what has none", () => {
    const { scores, valueOf } = plainScale([3, -Infinity, 1, 2]);
    const expected = [3, 1, 1, 2];
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(0, 12);
    expect(scores.reduce((sum, score) => sum + score * score, 0) / 4).toBeCloseTo(1, 12);
    for (const [index, score] of scores.entries()) expect(valueOf(score)).toBeCloseTo(expected[index]!, 12);
  });

  it("is 0 where all are alike, and where nothing has a value", () => {
    expect([...plainScale([0.1, 0.1, 0.1]).scores]).toEqual([0, 0, 0]);
    expect(plainScale([0.1, 0.1, 0.1]).valueOf(1)).toBeCloseTo(0.1, 12);
    expect([...plainScale([-Infinity, -Infinity]).scores]).toEqual([0, 0]);
  });
});

describe("additiveView", () => {
  it("learns a sum over decisions from fewer points than the decisions' view alone", () => {
    const { scores, valueOf } = plainScale(seen.map(sumOf));
    const errorOf = (own: typeof views): number => {
      const among = distancesOf(seen, own);
      const { look } = model(seen, scores, own, fit(among, own, scores), among);
      const errors = points.slice(40).map((point) => Math.abs(valueOf(look(point).mean) - sumOf(point)));
      return errors.reduce((sum, error) => sum + error, 0);
    };
    expect(errorOf(views)).toBeLessThan(0.5 * errorOf([...viewsOf(false)]));
  });
});

describe("leaveOneOut", () => {
  it("foretells what a model of the others does", () => {
    const values = Float64Array.from(seen, sumOf);
    const hyperparameters = { variances: [0.5, 0.7], scales: [2, 1], noise: 0.1 };
    const foretold = leaveOneOut(distances, views, values, hyperparameters);
    for (const index of [0, 7, 39]) {
      const { look } = model(
        seen.filter((_, other) => other !== index),
        values.filter((_, other) => other !== index),
        views,
        hyperparameters,
      );
      expect(foretold[index]).toBeCloseTo(look(seen[index]!).mean, 9);
    }
  });
});

describe("learn", () => {
  it("learns a sum as it is, and what is far from one by its place", () => {
    const sums = seen.map(sumOf);
    expect(learn(distances, views, sums).scale).toBe("plain");
    // A tower of powers: the greatest few are all there is, but their order is the sums'.
    expect(
      learn(
        distances,
        views,
        sums.map((sum) => Math.exp(3 * sum)),
      ).scale,
    ).toBe("normal");
  });

  it("learns where nothing has a value", () => {
    const none = seen.map(() => -Infinity);
    const { scale, hyperparameters } = learn(distances, views, none);
    expect(hyperparameters.noise).toBeGreaterThan(0);
    expect([...scaleOf[scale](none).scores].every(Number.isFinite)).toBe(true);
  });
});

describe("gainOver", () => {
  const front = [
    [0, 10],
    [5, 5],
    [10, 0],
  ];
  const columns = [front.map(([x]) => x!), front.map(([, y]) => y!)];

  it("is what a point adds, from a tenth of the extent below the worst", () => {
    const gain = gainOver(front, columns);
    expect(gain([5, 5])).toBe(0);
    expect(gain([6, 5])).toBeCloseTo(1 * 5, 12);
    // Beyond an end, where the other objective is at its worst.
    expect(gain([12, 0])).toBeCloseTo(2 * 1, 12);
    expect(gain([-2, 20])).toBe(0);
  });

  it("goes by the others where all are alike in one objective", () => {
    const gain = gainOver(
      [[1, 2]],
      [
        [0, 1],
        [2, 2],
      ],
    );
    expect(gain([3, 2])).toBeGreaterThan(gain([2, 2]));
    expect(gain([2, 2])).toBeGreaterThan(0);
  });
});

describe("prospects", () => {
  /** Models that are certain of all points: what they expect of the first objective is its first code. */
  const certain = [0, 1].map((objective): Model => ({
    greatestVariance: 1,
    look: ({ codes }) => ({ mean: codes[objective]!, variance: () => 1e-12 }),
  }));
  const point: Point = { genotype: {}, text: "", codes: Float64Array.of(4, 4), graph: undefined };
  const same = { scores: new Float64Array(), valueOf: (score: number) => score };
  const gain = gainOver(
    [[5, 5]],
    [
      [0, 5],
      [0, 5],
    ],
  );
  const draws = Array.from({ length: 200 }, () => [rng.normal(), rng.normal()]);
  const expectedWith = (noises: readonly number[]): number =>
    prospects(certain, () => [], [same, same], gain, noises, draws)(point).expected();

  it("count the noise: what is surely worse than the front may measure better", () => {
    expect(expectedWith([0, 0])).toBe(0);
    expect(expectedWith([0.01, 0.01])).toBe(0);
    expect(expectedWith([1, 0])).toBeGreaterThan(0);
    expect(expectedWith([1, 1])).toBeGreaterThan(expectedWith([1, 0]));
  });
});

describe("toldAlready", () => {
  const networks = ["a", "b", "a", "c", "b"].map((signature, index): Point => ({
    genotype: {},
    text: `${index}`,
    codes: Float64Array.of(index),
    graph: { paths: { paths: new Uint32Array(), values: new Float64Array() }, cost: [0, 0], signature, nodeCount: 1 },
  }));
  const told = (values: readonly (readonly number[] | undefined)[]): readonly string[] => [
    ...toldAlready(networks, (index) => values[index]),
  ];

  it("names no network before two that compute the same have told the same", () => {
    expect(told([[1, 2], [3, 4], undefined, [5, 6], undefined])).toEqual([]);
    expect(told([[1, 2], [3, 4], [1, 2], [5, 6], undefined])).toEqual(["a", "b", "c"]);
  });

  it("names none where two that compute the same differ in any objective", () => {
    expect(
      told([
        [1, 2],
        [3, 4],
        [1, 2],
        [5, 6],
        [3, 4.5],
      ]),
    ).toEqual([]);
  });

  it("does not go by failures", () => {
    const failed = [-Infinity, -Infinity];
    expect(told([failed, [3, 4], failed, [5, 6], undefined])).toEqual([]);
    expect(told([[1, 2], [3, 4], [1, 2], failed, failed])).toEqual(["a", "b", "c"]);
  });
});
