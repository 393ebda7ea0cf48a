/** @file Hypervolume against known volumes and against counting points of a grid. */
import { hypervolume, hypervolumeShare, objectiveBox } from "cellwright/search";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

const up = (count: number) => Array.from({ length: count }, () => "maximize" as const);

describe("hypervolume", () => {
  it("is the area of stairs, whatever the order of points", () => {
    const points = [
      [1, 3],
      [2, 2],
      [3, 1],
      [1, 1], // beaten
    ];
    expect(hypervolume(points, up(2), [0, 0])).toBe(6);
    expect(hypervolume(points.toReversed(), up(2), [0, 0])).toBe(6);
    expect(hypervolume(points, up(2), [1, 0])).toBe(3);
  });

  it("measures from the reference point, by each direction, and leaves out what is not better", () => {
    const points = [
      [0.9, 30],
      [0.8, 10],
      [0.95, 120], // slower than the reference
      [0.5, 5], // at the reference's accuracy
      [Number.NaN, 1],
    ];
    // 0.4 by 70, and 0.3 by the 20 below that.
    expect(hypervolume(points, ["maximize", "minimize"], [0.5, 100])).toBeCloseTo(0.4 * 70 + 0.3 * 20, 12);
  });

  it("is a length in one dimension, 0 of nothing, and needs one value per objective", () => {
    expect(hypervolume([[3], [5]], ["minimize"], [6])).toBe(3);
    expect(hypervolume([], up(3), [0, 0, 0])).toBe(0);
    expect(() => hypervolume([[1, 2]], up(3), [0, 0, 0])).toThrow(/Expected 3 values, one per objective/);
  });

  it("counts the cells of a grid that are dominated, in two to four dimensions", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }).chain((dimensions) => {
          const point = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: dimensions, maxLength: dimensions });
          return fc.record({ dimensions: fc.constant(dimensions), points: fc.array(point, { maxLength: 8 }) });
        }),
        ({ dimensions, points }) => {
          let cells = 0;
          for (let cell = 0; cell < 5 ** dimensions; cell++) {
            const corner = Array.from({ length: dimensions }, (_, axis) => (Math.floor(cell / 5 ** axis) % 5) + 1);
            if (points.some((point) => point.every((value, axis) => value >= corner[axis]!))) cells++;
          }
          // Sums and products of small whole numbers: exact.
          expect(
            hypervolume(
              points,
              up(dimensions),
              up(dimensions).map(() => 0),
            ),
          ).toBe(cells);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("hypervolumeShare", () => {
  const ways = ["maximize", "minimize"] as const;
  const points = [
    [0.5, 100],
    [0.7, 20],
    [0.9, 60],
  ];

  it("is of the box from the worst to the best of each objective", () => {
    const box = objectiveBox([...points, [Number.NaN, 1]], ways);
    expect(box).toEqual({ worst: [0.5, 100], best: [0.9, 20] });
    // 0.5 of the width over the whole height; the other half over half of it.
    expect(hypervolumeShare(points, ways, box!)).toBeCloseTo(0.75, 12);
    expect(hypervolumeShare([[0.9, 20]], ways, box!)).toBe(1);
    expect(hypervolumeShare([[0.99, 1]], ways, box!)).toBe(1);
  });

  it("leaves out an objective in which all are alike, and is 0 of a single point", () => {
    const flat = [
      [0.5, 100],
      [0.9, 100],
    ];
    expect(hypervolumeShare(flat, ways, objectiveBox(flat, ways)!)).toBe(1);
    expect(hypervolumeShare([[1, 1]], ways, objectiveBox([[1, 1]], ways)!)).toBe(0);
    expect(objectiveBox([], ways)).toBeUndefined();
  });
});
