/**
 * @file How alike two candidates are: a sum of kernels, each on its own view of them. On the decisions, exp(-d / l) with the Hamming distance d; on
 * the counts of paths and on the logarithms of the cost, exp(-d² / 2 l²). What has no network has the first alone.
 */
import { squaredPathDistance, type GraphFeatures } from "cellwright/search";
import type { Decision, Genotype } from "cellwright/space";

/** A candidate as the kernels see it. */
export interface Point {
  readonly genotype: Genotype;
  /** Equal for equal genotypes alone. */
  readonly text: string;
  /** By decision, see `codesOf`. */
  readonly codes: Float64Array;
  readonly graph: GraphFeatures | undefined;
}

/** One view: a distance, and what makes a similarity in (0, 1] of distance and length scale. */
export interface View {
  readonly name: "decisions" | "additive" | "paths" | "cost";
  distance(a: Point, b: Point): number;
  /** Returns what gives all distances of a point to `points`: what `distance` gives, up to the order of sums, faster. The row is good until the next. */
  readonly against: (points: readonly Point[]) => (point: Point) => Float64Array;
  similarity(distance: number, scale: number): number;
  /** Derivative of the similarity by the logarithm of the scale. */
  slope(distance: number, scale: number, similarity: number): number;
}

/**
 * Returns a number for each of the space's decisions (`flatten`ed, active or not): a choice's option, a number's place in its range from 0 to 1, -1 where it
 * is not active. Two of these differ by 1 or more unless they are numbers.
 */
export function codesOf(decisions: readonly Decision[], genotype: Genotype): Float64Array {
  return Float64Array.from(decisions, (decision) => {
    const value = genotype[decision.path];
    if (value === undefined) return -1;
    if (decision.kind === "choice") return value;
    const isLog = decision.kind === "float" && decision.scale === "log";
    const [at, min, max] = [value, decision.min, decision.max].map((one) => (isLog ? Math.log(one) : one));
    return max! > min! ? (at! - min!) / (max! - min!) : 0;
  });
}

/** Sum over decisions: 1 where an option differs or one is not active, and for numbers by how much of the range they differ. */
function decisionDistance(a: Point, b: Point): number {
  const [x, y] = [a.codes, b.codes];
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const difference = Math.abs(x[i]! - y[i]!);
    sum += difference < 1 ? difference : 1;
  }
  return sum;
}

/**
 * Counts agreements: by decision and option there is a list of the points that have it, so that a row costs as much as the point has in common
 * with them all. Numbers are compared one by one.
 */
function againstDecisions(points: readonly Point[]): (point: Point) => Float64Array {
  const row = new Float64Array(points.length);
  const count = points[0]?.codes.length ?? 0;
  const sharing = Array.from({ length: count }, (_, decision) => sharers(points, decision));
  return ({ codes }) => {
    row.fill(count);
    for (let decision = 0; decision < count; decision++) {
      const code = codes[decision]!;
      const lists = sharing[decision];
      if (lists !== undefined && Number.isInteger(code))
        for (const index of lists.get(code) ?? []) row[index] = row[index]! - 1;
      else
        for (let i = 0; i < row.length; i++) {
          const difference = Math.abs(points[i]!.codes[decision]! - code);
          if (difference < 1) row[i] = row[i]! + difference - 1;
        }
    }
    return row;
  };
}

/** Returns the places of the points by their code, or undefined where a code is no whole number. */
function sharers(points: readonly Point[], decision: number): ReadonlyMap<number, readonly number[]> | undefined {
  const lists = new Map<number, number[]>();
  for (const [index, { codes }] of points.entries()) {
    const code = codes[decision]!;
    if (!Number.isInteger(code)) return undefined;
    const list = lists.get(code);
    if (list === undefined) lists.set(code, [index]);
    else list.push(index);
  }
  return lists;
}

const oneByOne =
  (distance: View["distance"]): View["against"] =>
  (points) => {
    const row = new Float64Array(points.length);
    return (point) => {
      for (let i = 0; i < row.length; i++) row[i] = distance(points[i]!, point);
      return row;
    };
  };

const decisions: View = {
  name: "decisions",
  distance: decisionDistance,
  against: againstDecisions,
  similarity: (distance, scale) => Math.exp(-distance / scale),
  slope: (distance, scale, similarity) => (similarity * distance) / scale,
};

/** Returns the view of the share of `count` decisions that agree: what is a sum over decisions is learned exactly. It has no scale. */
export function additiveView(count: number): View {
  return {
    name: "additive",
    distance: decisionDistance,
    against: againstDecisions,
    similarity: (distance) => 1 - distance / Math.max(1, count),
    slope: () => 0,
  };
}

const gaussian = {
  similarity: (squared: number, scale: number) => Math.exp(-squared / (2 * scale * scale)),
  slope: (squared: number, scale: number, similarity: number) => (similarity * squared) / (scale * scale),
};

const pathDistance: View["distance"] = (a, b) =>
  a.graph && b.graph ? squaredPathDistance(a.graph.paths, b.graph.paths) : 0;
const paths: View = { name: "paths", ...gaussian, distance: pathDistance, against: oneByOne(pathDistance) };

const costDistance: View["distance"] = (a, b) => (a.graph && b.graph ? squaredCost(a.graph.cost, b.graph.cost) : 0);
const cost: View = { name: "cost", ...gaussian, distance: costDistance, against: oneByOne(costDistance) };

function squaredCost([a, b]: readonly [number, number], [c, d]: readonly [number, number]): number {
  return (a - c) ** 2 + (b - d) ** 2;
}

/** Returns the views of candidates of a space: all three where its networks can be seen. */
export function viewsOf(hasGraphs: boolean): readonly View[] {
  return hasGraphs ? [decisions, paths, cost] : [decisions];
}

/** Returns by view what gives a point's distances to `seen`, computed once for views that have the same. */
export function apartFrom(seen: readonly Point[], views: readonly View[]): (point: Point) => readonly Float64Array[] {
  const rows = new Map(views.map(({ against }) => [against, against(seen)]));
  return (point) => {
    const made = new Map([...rows].map(([against, rowOf]) => [against, rowOf(point)]));
    return views.map(({ against }) => made.get(against)!);
  };
}
