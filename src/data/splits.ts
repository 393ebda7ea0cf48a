/**
 * @file Which images are in which split. Class-balanced, drawn by seed: of each class's shuffled images, validation takes from
 * the front and training from the back, so a larger training set contains the smaller one and validation does not move.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { createRng } from "../base/rng.ts";
import type { Labels } from "./dataset.ts";

export interface SplitOptions {
  /** Training images; absent: all that validation leaves. */
  readonly train?: number | undefined;
  readonly validation: number;
  readonly splitSeed: number;
}

/**
 * Returns how many of each class to take so that they sum to `total` and differ as little as the supply allows: everyone
 * gets the same, and classes that run out pass their share on. Leftover single images go to the first classes.
 */
export function balancedQuotas(total: number, supply: readonly number[]): number[] {
  const quotas = supply.map(() => 0);
  let left = total;
  while (left > 0) {
    const open = supply.flatMap((count, index) => (count > (quotas[index] as number) ? [index] : []));
    if (open.length === 0) break;
    const share = Math.max(1, Math.floor(left / open.length));
    for (const index of open) {
      const taken = Math.min(share, (supply[index] as number) - (quotas[index] as number), left);
      quotas[index] = (quotas[index] as number) + taken;
      left -= taken;
    }
  }
  return quotas;
}

/** Returns the indices of both splits, ascending. Throws `data` if there are too few images. `place` names the data set. */
export function splitByClass(
  labels: Labels,
  classes: number,
  options: SplitOptions,
  place: string,
): { readonly train: Uint32Array; readonly validation: Uint32Array } {
  const available = labels.length - options.validation;
  const wanted = options.train ?? available;
  if (wanted < 1 || options.validation < 1 || wanted > available) {
    throw new CellwrightError(
      "data",
      expected(
        place,
        `train + validation of at most ${labels.length} images, and at least one image each`,
        `train ${wanted}, validation ${options.validation}`,
      ),
    );
  }
  const byClass: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, index) => byClass[label]?.push(index));
  const rng = createRng(`split/${options.splitSeed}`);
  const shuffled = byClass.map((indices, label) => rng.fork(`class/${label}`).shuffle(indices));
  const supply = shuffled.map((indices) => indices.length);
  const validationQuota = balancedQuotas(options.validation, supply);
  const trainQuota = balancedQuotas(
    wanted,
    supply.map((count, label) => count - (validationQuota[label] as number)),
  );
  const take = (pick: (indices: number[], label: number) => number[]) =>
    Uint32Array.from(shuffled.flatMap(pick)).sort((a, b) => a - b);
  return {
    validation: take((indices, label) => indices.slice(0, validationQuota[label])),
    train: take((indices, label) => indices.slice(indices.length - (trainQuota[label] as number))),
  };
}
