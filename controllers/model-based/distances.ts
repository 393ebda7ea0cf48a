/**
 * @file All distances among the points that a model learns from, kept from one model to the next: from trial to trial one point joins and one leaves, so that
 * only its own distances are new. What is kept is what would be computed: a distance is the same from both ends, bit for bit.
 */
import type { Point, View } from "./kernel.ts";

/** By view, the distance of points i and j < i at i * (i - 1) / 2 + j. */
export type Distances = readonly Float64Array[];

/** Points with the distances among them. */
export interface KnownDistances {
  readonly points: readonly Point[];
  readonly distances: Distances;
}

/** Returns all distances; those among points that are `known`, by their text, are taken from there. Quadratic, the evaluations linear in what is new. */
export function distancesOf(points: readonly Point[], views: readonly View[], known?: KnownDistances): Distances {
  const placeOf = new Map(known?.points.map(({ text }, index) => [text, index]));
  const places = points.map(({ text }) => placeOf.get(text) ?? -1);
  return views.map((view, v) => {
    const kept = known?.distances[v];
    const distances = new Float64Array((points.length * (points.length - 1)) / 2);
    let at = 0;
    for (let i = 0; i < points.length; i++)
      for (let j = 0; j < i; j++, at++) {
        const [p, q] = [places[i]!, places[j]!];
        distances[at] =
          kept === undefined || p < 0 || q < 0
            ? view.distance(points[i]!, points[j]!)
            : p === q
              ? 0
              : kept[p > q ? (p * (p - 1)) / 2 + q : (q * (q - 1)) / 2 + p]!;
      }
    return distances;
  });
}
