/** @file Candidates with their features, made once a space: decoding a network takes a millisecond, and a search looks at the same ones again and again. */
import { genotypeFeatures } from "cellwright/search";
import { flatten, type AnySpace, type Genotype } from "cellwright/space";
import { codesOf, type Point } from "./kernel.ts";

/** Kept for each space; when full, all are dropped and made again as needed. */
const KEPT = 50_000;

const pointsByText = new WeakMap<AnySpace, Map<string, Point>>();

/** A genotype with a text that no other has. */
export interface Trial {
  readonly genotype: Genotype;
  readonly text: string;
}

/** Returns what makes trials of a space's genotypes, by the values of all decisions in their order: a quarter of the time of canonical JSON. */
export function trialsOf(space: AnySpace): (genotype: Genotype) => Trial {
  const paths = flatten(space.decisions).map(({ path }) => path);
  return (genotype) => ({ genotype, text: paths.map((path) => genotype[path]).join() });
}

export interface Points {
  /** Whether this space's networks can be seen. */
  readonly hasGraphs: boolean;
  /** Nodes of one of its networks. */
  readonly nodeCount: number;
  /** A point without its network. */
  readonly flat: (trial: Trial) => Point;
  /** The same point with its network's features, if it has any. */
  readonly full: (point: Point) => Point;
}

/** Returns how to make points of a space's genotypes. `sample` is any of them. */
export function pointsOf(space: AnySpace, sample: Genotype): Points {
  const nodeCount = genotypeFeatures(space, sample)?.nodeCount ?? 0;
  let kept = pointsByText.get(space);
  if (kept === undefined) pointsByText.set(space, (kept = new Map()));
  const cache = kept;
  const decisions = flatten(space.decisions);
  return {
    hasGraphs: nodeCount > 0,
    nodeCount,
    flat: ({ genotype, text }) =>
      cache.get(text) ?? { genotype, text, codes: codesOf(decisions, genotype), graph: undefined },
    full: (point) => {
      if (nodeCount === 0 || point.graph !== undefined) return point;
      const graph = genotypeFeatures(space, point.genotype);
      if (graph === undefined) return point;
      if (cache.size >= KEPT) cache.clear();
      const full = { ...point, graph };
      cache.set(point.text, full);
      return full;
    },
  };
}
