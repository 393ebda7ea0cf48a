/** @file Published genotypes by name: what a command may call one. */
import type { SpaceCandidate } from "./models.ts";
import { shelfSpaces } from "./shelf-spaces.ts";

/** Returns the published genotypes whose name says all, by name. */
export function publishedGenotypes(): ReadonlyMap<string, SpaceCandidate> {
  const spaces = [...shelfSpaces().values()];
  const all = spaces.flatMap((space) =>
    Object.entries(space.named).map(([name, genotype]) => ({ name, space, genotype })),
  );
  const names = all.map(({ name }) => name);
  return new Map(
    all
      .filter(({ name }, i) => names.indexOf(name) === i && names.lastIndexOf(name) === i)
      .map(({ name, ...rest }) => [name, rest]),
  );
}
