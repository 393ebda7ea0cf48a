/** @file The Pareto front against brute force. */
import { paretoFront } from "cellwright/search";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

const direction = fc.constantFrom("maximize" as const, "minimize" as const);
/** Few distinct values, so that ties in one and in both are common. */
const value = fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double(), fc.constantFrom(Infinity, -Infinity, Number.NaN));

type Directions = readonly ["maximize" | "minimize", "maximize" | "minimize"];

function isBetter(a: number, b: number, way: Directions[number]): boolean {
  return way === "maximize" ? a > b : a < b;
}

function dominates(a: readonly [number, number], b: readonly [number, number], ways: Directions): boolean {
  const noWorse = ways.every((way, i) => !isBetter(b[i]!, a[i]!, way));
  return noWorse && ways.some((way, i) => isBetter(a[i]!, b[i]!, way));
}

describe("paretoFront", () => {
  it("keeps what nothing dominates, best first value first", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value), { maxLength: 40 }),
        fc.tuple(direction, direction),
        (points, ways) => {
          const finite = points
            .map((point, index) => ({ point, index }))
            .filter(({ point }) => point.every(Number.isFinite));
          const wanted = finite
            .filter(({ point }) => !finite.some((other) => dominates(other.point, point, ways)))
            .map(({ index }) => index);
          const front = paretoFront(points, ways);
          expect([...front].sort((a, b) => a - b)).toEqual(wanted);
          for (let i = 1; i < front.length; i++)
            expect(isBetter(points[front[i]!]![0], points[front[i - 1]!]![0], ways[0])).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("takes 200,000 points in its stride, all of them on the front", () => {
    const points = Array.from({ length: 200_000 }, (_, i) => [i, -i] as const);
    expect(paretoFront(points, ["maximize", "maximize"])).toHaveLength(points.length);
  });

  it("keeps what nothing dominates of three objectives and of one, too", () => {
    const few = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 4), fc.array(fc.tuple(few, few, few, few), { maxLength: 30 }), (count, all) => {
        const points = all.map((point) => point.slice(0, count));
        const ways = Array.from({ length: count }, () => "minimize" as const);
        const beats = (a: readonly number[], b: readonly number[]) =>
          a.every((value, i) => value <= b[i]!) && a.some((value, i) => value < b[i]!);
        const wanted = points.flatMap((point, index) => (points.some((other) => beats(other, point)) ? [] : [index]));
        expect([...paretoFront(points, ways)].sort((a, b) => a - b)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it("puts accuracy against MACs as a report does", () => {
    const points = [
      [0.7, 10],
      [0.6, 5],
      [0.65, 12],
      [0.5, 5],
      [0.7, 10],
    ] as const;
    expect(paretoFront(points, ["maximize", "minimize"])).toEqual([0, 4, 1]);
  });
});
