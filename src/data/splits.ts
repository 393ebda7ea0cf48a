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

/** How many images to hold out of a folder's, and how many to train on. */
export interface ProportionOptions extends SplitOptions {
  readonly test: number;
}

/**
 * Returns shares of `total` that are as large as the supplies are in proportion, whole, summing to `total` (largest remainders, the first
 * classes of equal ones). No class with two images or more gives its last one.
 */
export function proportionalQuotas(total: number, supply: readonly number[]): number[] {
  const all = supply.reduce((a, b) => a + b, 0);
  const exact = supply.map((count) => (all === 0 ? 0 : (count * total) / all));
  const most = supply.map((count) => Math.max(0, count - 1));
  const quotas = exact.map((share, k) => Math.min(Math.floor(share), most[k] as number));
  const order = supply
    .map((_, k) => k)
    .toSorted((a, b) => (exact[b] as number) - (quotas[b] as number) - ((exact[a] as number) - (quotas[a] as number)));
  let left = total - quotas.reduce((a, b) => a + b, 0);
  while (left > 0) {
    const before = left;
    for (const k of order)
      if (left > 0 && (quotas[k] as number) < (most[k] as number)) {
        quotas[k] = (quotas[k] as number) + 1;
        left--;
      }
    if (left === before) break;
  }
  return quotas;
}

/**
 * Returns ascending indices of three splits, each with the classes in the proportion of all: for folders, whose classes are of any size. As above,
 * test and validation come from the front of each class's shuffled images and training from the back. Throws `data` if there are too few images.
 */
export function splitInProportion(
  labels: Labels,
  classes: number,
  options: ProportionOptions,
  place: string,
): Readonly<Record<"train" | "validation" | "test", Uint32Array>> {
  const byClass: number[][] = Array.from({ length: classes }, () => []);
  labels.forEach((label, index) => byClass[label]?.push(index));
  const rng = createRng(`split/${options.splitSeed}`);
  const shuffled = byClass.map((indices, label) => rng.fork(`class/${label}`).shuffle(indices));
  const supply = shuffled.map(({ length }) => length);
  const test = proportionalQuotas(options.test, supply);
  const afterTest = supply.map((count, k) => count - (test[k] as number));
  const validation = proportionalQuotas(options.validation, afterTest);
  const rest = afterTest.map((count, k) => count - (validation[k] as number));
  const available = rest.reduce((a, b) => a + b, 0);
  const wanted = options.train ?? available;
  const sum = (quotas: readonly number[]): number => quotas.reduce((a, b) => a + b, 0);
  if (wanted < 1 || wanted > available || sum(test) < options.test || sum(validation) < options.validation) {
    const what = `at most ${labels.length} images in all splits, and one of each class left for training`;
    const received = `train ${options.train ?? "the rest"}, validation ${options.validation}, test ${options.test}`;
    throw new CellwrightError("data", expected(place, what, received));
  }
  const train =
    wanted === available
      ? rest
      : proportionalQuotas(
          wanted,
          rest.map((count) => count + 1),
        );
  const take = (pick: (indices: number[], label: number) => number[]) =>
    Uint32Array.from(shuffled.flatMap(pick)).sort((a, b) => a - b);
  return {
    test: take((indices, k) => indices.slice(0, test[k])),
    validation: take((indices, k) => indices.slice(test[k], (test[k] as number) + (validation[k] as number))),
    train: take((indices, k) => indices.slice(indices.length - (train[k] as number))),
  };
}
