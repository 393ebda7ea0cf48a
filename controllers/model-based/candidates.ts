/** @file What the controllers that model the graph choose among, and when they fit: the same for one objective and for several. */
import type { Rng } from "cellwright/base";
import { neighbours } from "cellwright/search";
import type { AnySpace, Genotype } from "cellwright/space";
import type { Point } from "./kernel.ts";
import { ALL_NEIGHBOURS, type ResolvedOptions } from "./options.ts";
import { pointsOf, type Points, type Trial } from "./points.ts";

/** Where candidates come from, and the texts of what has been tried. */
export interface Surroundings {
  readonly space: AnySpace;
  readonly trialOf: (genotype: Genotype) => Trial;
  readonly tried: ReadonlySet<string>;
}

/**
 * Returns neighbours of `parents`, two-step mutations of them and random genotypes, each once, in a fixed order, without those whose texts are in `tried`. Without parents
 * there are random ones alone.
 */
export function candidatesAround(
  parents: readonly Genotype[],
  { mutations, randoms }: Pick<ResolvedOptions, "mutations" | "randoms">,
  { space, trialOf, tried }: Surroundings,
  draw: Rng,
): readonly Trial[] {
  const genotypes = parents.flatMap((genotype) => neighboursOf(space, genotype, draw));
  const count = genotypes.length > 0 ? mutations : 0;
  for (let i = 0; i < count; i++) genotypes.push(space.mutate(space.mutate(draw.pick(parents), draw), draw));
  for (let i = 0; i < randoms; i++) genotypes.push(space.sample(draw));
  const fresh = new Map(genotypes.map(trialOf).map((trial) => [trial.text, trial]));
  return [...fresh.values()].filter(({ text }) => !tried.has(text));
}

/** Returns all neighbours of a genotype, or 30 mutations of one that has more. */
export function neighboursOf(space: AnySpace, genotype: Genotype, draw: Rng): readonly Genotype[] {
  if (neighbourCount(space, genotype) <= ALL_NEIGHBOURS) return neighbours(space, genotype, draw);
  return Array.from({ length: ALL_NEIGHBOURS }, () => space.mutate(genotype, draw));
}

/** Returns about how many genotypes differ in one decision. */
function neighbourCount(space: AnySpace, genotype: Genotype): number {
  const counts = space
    .active(genotype)
    .map((decision) => (decision.kind === "choice" ? decision.options.length - 1 : 2));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The points of trials, each made once; nothing is made before the first is asked for, as whoever replays needs none. */
export interface PointMemo {
  readonly points: () => Points;
  readonly pointOf: (trial: Trial) => Point;
}

/** Returns the memo of a controller with the stream `rng`. */
export function pointMemo(space: AnySpace, rng: Rng): PointMemo {
  let made: Points | undefined;
  const points = (): Points => (made ??= pointsOf(space, space.sample(rng.fork("sample"))));
  const byTrial = new WeakMap<Trial, Point>();
  return {
    points,
    pointOf(trial) {
      let point = byTrial.get(trial);
      if (point === undefined) {
        const { full, flat } = points();
        point = full(flat(trial));
        byTrial.set(trial, point);
      }
      return point;
    },
  };
}

/** The numbers of trials at which hyperparameters are fitted: `first`, then each a tenth more. Returns the last that is not above `count`. */
export function lastOfSeries(count: number, first: number): number {
  let last = first;
  for (let next = first; next <= count; next = Math.ceil(next * 1.1)) last = next;
  return last;
}
