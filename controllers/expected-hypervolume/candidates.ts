/** @file Where the best candidate is looked for: around the front, between its members, and uphill from the best that were found there. */
import type { Rng } from "cellwright/base";
import type { Genotype } from "cellwright/space";
import { candidatesAround, neighboursOf, type Surroundings } from "../model-based/candidates.ts";
import type { Point } from "../model-based/kernel.ts";
import type { ResolvedOptions } from "../model-based/options.ts";
import type { Trial } from "../model-based/points.ts";
import { mostPromising, type Prospect } from "./prospects.ts";

/** Of so many of the best candidates the neighbours are candidates too, and so on. */
const CLIMBERS = 4;

/** Returns candidates around `options.parents` members of the front, drawn anew each time, and children of any two, every other one mutated; each once. */
export function candidatesOfFront(
  front: readonly Genotype[],
  options: ResolvedOptions,
  surroundings: Surroundings,
  draw: Rng,
): readonly Trial[] {
  const { space, trialOf, tried } = surroundings;
  const parents = draw.shuffle(front).slice(0, options.parents);
  const around = candidatesAround(parents, options, surroundings, draw);
  const known = new Set(around.map(({ text }) => text));
  const children = Array.from({ length: options.mutations }, (_, index) => {
    const child = space.crossover(draw.pick(front), draw.pick(front), draw);
    return trialOf(index % 2 === 1 ? space.mutate(child, draw) : child);
  });
  return [...around, ...children.filter(({ text }) => !known.has(text) && !tried.has(text) && known.add(text))];
}

/**
 * Returns the `count` most promising of these points and, while the best of all gets better by it and at most `climbs` times, of the neighbours of the best. Those without a
 * prospect are left out.
 */
export function climb(
  from: readonly Point[],
  { count, climbs }: { readonly count: number; readonly climbs: number },
  prospectOf: (point: Point) => Prospect | undefined,
  flat: (trial: Trial) => Point,
  { space, trialOf, tried }: Surroundings,
  draw: Rng,
): readonly Point[] {
  const known = new Set(from.map(({ text }) => text));
  const all = from.flatMap((point) => prospectOf(point) ?? []);
  const most = Math.max(count, CLIMBERS);
  let best = mostPromising(all, most);
  for (let round = 0; round < climbs; round++) {
    const around = best
      .slice(0, CLIMBERS)
      .flatMap(({ point }) => neighboursOf(space, point.genotype, draw))
      .map(trialOf)
      .filter(({ text }) => !known.has(text) && !tried.has(text) && known.add(text));
    all.push(...around.flatMap((trial) => prospectOf(flat(trial)) ?? []));
    const [before] = best;
    best = mostPromising(all, most);
    if (best[0] === before) break;
  }
  return best.slice(0, count).map(({ point }) => point);
}
