/**
 * @file Counted paths, each under a number of 32 bits made of its labels: the same label by label in every network and every run. (Two paths
 * under one number would be taken for one; of a thousand paths there is such a pair once in ten thousand networks.)
 */
import { fnv1a } from "./fnv.ts";
import { mix } from "./mix.ts";

/** Values by path, paths ascending. */
export interface PathCounts {
  readonly paths: Uint32Array;
  readonly values: Float64Array;
}

export interface PathTable {
  /** One path that has only begun, at an entrance of that number. */
  begin(entrance: number): ReadonlyMap<number, number>;
  /** All paths of all sets, each with one label more, or as they are without a label. */
  extend(sets: readonly ReadonlyMap<number, number>[], label: string | undefined): ReadonlyMap<number, number>;
  /** log(1 + count) of all. */
  total(sets: readonly ReadonlyMap<number, number>[]): PathCounts;
}

/** Beyond so many paths to one place, all are taken for one of the label alone: the number of paths can double with every node. */
const MOST = 512;

/** Returns an empty table. */
export function createPathTable(): PathTable {
  const labels = new Map<string, number>();
  const numberOf = (label: string): number => {
    let number = labels.get(label);
    if (number === undefined) {
      number = fnv1a(label);
      labels.set(label, number);
    }
    return number;
  };
  return {
    begin: (entrance) => new Map([[mix(0x9e3779b9, entrance), 1]]),
    extend(sets, label) {
      const [only] = sets;
      if (label === undefined && sets.length === 1 && only !== undefined) return only;
      const joined = new Map<number, number>();
      for (const set of sets)
        for (const [path, count] of set) {
          const longer = label === undefined ? path : mix(path, numberOf(label));
          joined.set(longer, (joined.get(longer) ?? 0) + count);
        }
      if (joined.size <= MOST) return joined;
      const all = [...joined.values()].reduce((sum, count) => sum + count, 0);
      return new Map([[mix(0, numberOf(label ?? "")), all]]);
    },
    total(sets) {
      const joined = new Map<number, number>();
      for (const set of sets) for (const [path, count] of set) joined.set(path, (joined.get(path) ?? 0) + count);
      const paths = Uint32Array.from(joined.keys()).sort();
      return { paths, values: Float64Array.from(paths, (path) => Math.log1p(joined.get(path) as number)) };
    },
  };
}

/** Returns the squared Euclidean distance; a path that one of them lacks counts as 0 there. Linear in both. */
export function squaredPathDistance(a: PathCounts, b: PathCounts): number {
  let [i, j, sum] = [0, 0, 0];
  while (i < a.paths.length || j < b.paths.length) {
    const left = i < a.paths.length ? a.paths[i]! : Infinity;
    const right = j < b.paths.length ? b.paths[j]! : Infinity;
    const difference = left === right ? a.values[i]! - b.values[j]! : left < right ? a.values[i]! : b.values[j]!;
    if (left <= right) i++;
    if (right <= left) j++;
    sum += difference * difference;
  }
  return sum;
}
