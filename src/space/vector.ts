/** @file A genotype as a vector of fixed length, for predictors and surrogates, and back. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Decision, Genotype } from "./space.ts";
import { fromUnit, toUnit } from "./values.ts";
import { flatten, walk } from "./walk.ts";

/** Where each decision's entries begin, active or not, and how many there are in all. */
export interface VectorLayout {
  readonly offsets: ReadonlyMap<string, number>;
  readonly length: number;
}

/** Returns the layout: one entry per option of a choice, one per number, in declaration order. */
export function vectorLayout(decisions: readonly Decision[]): VectorLayout {
  const offsets = new Map<string, number>();
  let length = 0;
  for (const decision of flatten(decisions)) {
    offsets.set(decision.path, length);
    length += decision.kind === "choice" ? decision.options.length : 1;
  }
  return { offsets, length };
}

/** Returns the vector of a valid genotype: one-hot for choices, [0, 1] for numbers, zeros for the inactive. */
export function encodeGenotype(decisions: readonly Decision[], layout: VectorLayout, genotype: Genotype): Float64Array {
  const vector = new Float64Array(layout.length);
  walk(decisions, (decision) => {
    const value = genotype[decision.path] as number;
    const offset = layout.offsets.get(decision.path) as number;
    if (decision.kind === "choice") vector[offset + value] = 1;
    else vector[offset] = toUnit(decision, value);
    return value;
  });
  return vector;
}

/**
 * Returns the genotype of a vector: at each choice the greatest entry (the first of equals), at each number the nearest value, what
 * lies outside [0, 1] clamped. Throws `space` on another length or an entry that is not finite.
 */
export function decodeVector(
  decisions: readonly Decision[],
  layout: VectorLayout,
  vector: ArrayLike<number>,
): Genotype {
  if (vector?.length !== layout.length)
    throw new CellwrightError("space", expected("vector", `${layout.length} entries`, vector?.length));
  for (let i = 0; i < vector.length; i++)
    if (!Number.isFinite(vector[i]))
      throw new CellwrightError("space", expected(`vector[${i}]`, "a finite number", vector[i]));
  return walk(decisions, (decision) => {
    const offset = layout.offsets.get(decision.path) as number;
    if (decision.kind !== "choice") return fromUnit(decision, vector[offset] as number);
    let best = 0;
    for (let i = 1; i < decision.options.length; i++)
      if ((vector[offset + i] as number) > (vector[offset + best] as number)) best = i;
    return best;
  });
}
