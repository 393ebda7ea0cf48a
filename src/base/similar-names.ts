/** @file Names that a misspelt one may have meant: what an error offers beside saying that there is no such thing. */

/** Names that are offered at most. */
const MAX_OFFERED = 3;

/** One slip in so many characters is taken for the same name. */
const CHARACTERS_PER_SLIP = 3;

/**
 * Returns up to three of `names`, the nearest first: those that differ by case and separators alone (`resnet50`, `MobileNet_V2`), then those a slip of the
 * keyboard away, one for every three characters. Slips are letters added, left out, replaced, or swapped with their neighbour.
 */
export function similarNames(target: string, names: Iterable<string>): readonly string[] {
  const wanted = plain(target);
  if (wanted === "") return [];
  const near = [...new Set(names)].flatMap((name) => {
    const slips = slipsBetween(wanted, plain(name));
    return slips <= Math.floor(wanted.length / CHARACTERS_PER_SLIP) ? [{ name, slips }] : [];
  });
  const least = Math.min(...near.map(({ slips }) => slips));
  return near
    .filter(({ slips }) => slips === least)
    .slice(0, MAX_OFFERED)
    .map(({ name }) => name);
}

/** Returns the question at the end of an error, with a space before it; nothing where no name is near. `after` goes on every name: `@1.4`. */
export function didYouMean(target: string, names: Iterable<string>, after = ""): string {
  const similar = similarNames(target, names).map((name) => `${name}${after}`);
  return similar.length === 0 ? "" : ` Did you mean ${similar.join(" or ")}?`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.\s]/g, "");
}

/** The optimal string alignment distance (Damerau 1964), row by row. */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? at(before, j - 2) + 1 : Infinity;
      next.push(Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] as number;
}
