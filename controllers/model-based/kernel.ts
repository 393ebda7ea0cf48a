/**
 * @file How alike two candidates are: a sum of kernels, each on its own view of them. On the decisions, exp(-d / l) with the Hamming distance d; on
 * the counts of paths and on the logarithms of the cost, exp(-d² / 2 l²). What has no network has the first alone.
 */
import { squaredPathDistance, type GraphFeatures } from "cellwright/search";
import type { Genotype } from "cellwright/space";

/** A candidate as the kernels see it. */
export interface Point {
  readonly genotype: Genotype;
  /** Canonical JSON of the genotype. */
  readonly text: string;
  /** `space.encode`. */
  readonly vector: Float64Array;
  readonly graph: GraphFeatures | undefined;
}

/** One view: a distance, and what makes a similarity in (0, 1] of distance and length scale. */
export interface View {
  readonly name: "decisions" | "paths" | "cost";
  distance(a: Point, b: Point): number;
  similarity(distance: number, scale: number): number;
  /** Derivative of the similarity by the logarithm of the scale. */
  slope(distance: number, scale: number, similarity: number): number;
}

/** Half the sum of differences: 1 for each choice that differs, and for each number by how much of its range it differs, halved. */
function decisionDistance(a: Point, b: Point): number {
  const [x, y] = [a.vector, b.vector];
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]! - y[i]!);
  return sum / 2;
}

const decisions: View = {
  name: "decisions",
  distance: decisionDistance,
  similarity: (distance, scale) => Math.exp(-distance / scale),
  slope: (distance, scale, similarity) => (similarity * distance) / scale,
};

const gaussian = {
  similarity: (squared: number, scale: number) => Math.exp(-squared / (2 * scale * scale)),
  slope: (squared: number, scale: number, similarity: number) => (similarity * squared) / (scale * scale),
};

const paths: View = {
  name: "paths",
  ...gaussian,
  distance: (a, b) => (a.graph && b.graph ? squaredPathDistance(a.graph.paths, b.graph.paths) : 0),
};

const cost: View = {
  name: "cost",
  ...gaussian,
  distance: (a, b) => (a.graph && b.graph ? squaredCost(a.graph.cost, b.graph.cost) : 0),
};

function squaredCost([a, b]: readonly [number, number], [c, d]: readonly [number, number]): number {
  return (a - c) ** 2 + (b - d) ** 2;
}

/** Returns the views of candidates of a space: all three where its networks can be seen. */
export function viewsOf(hasGraphs: boolean): readonly View[] {
  return hasGraphs ? [decisions, paths, cost] : [decisions];
}
