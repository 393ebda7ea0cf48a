/**
 * @file A space as a grid: every combination of decisions, where a number of many values takes a few spread evenly over its range. Points are numbered, so
 * that the n-th is made without those before it, however many there are.
 */
import type { Decision, Genotype } from "../space/space.ts";
import { cardinality, fromUnit, valueAt } from "../space/values.ts";
import { walk } from "../space/walk.ts";

type NumberDecision = Exclude<Decision, { kind: "choice" }>;

/** Returns the values that a number takes on a grid of that many levels, ascending: all of an int with no more values than that. */
export function gridValues(decision: NumberDecision, levels: number): readonly number[] {
  if (decision.kind === "int" && cardinality(decision) <= levels)
    return Array.from({ length: cardinality(decision) }, (_, index) => valueAt(decision, index));
  const at = (index: number): number => (levels === 1 ? 0.5 : index / (levels - 1));
  const values = Array.from({ length: levels }, (_, index) => fromUnit(decision, at(index)));
  return [...new Set(values)];
}

/** Returns how many points the grid has. */
export function gridSize(decisions: readonly Decision[], levels: number): bigint {
  return decisions.reduce((product, decision) => product * sizeOf(decision, levels), 1n);
}

function sizeOf(decision: Decision, levels: number): bigint {
  if (decision.kind !== "choice") return BigInt(gridValues(decision, levels).length);
  return decision.options.reduce((sum, { children }) => sum + gridSize(children, levels), 0n);
}

/** Returns point `index`, from 0 to the size less 1, the last decision turning fastest. Linear in the decisions. */
export function gridPoint(decisions: readonly Decision[], levels: number, index: bigint): Genotype {
  const taken = new Map<string, number>();
  const take = (level: readonly Decision[], at: bigint): void => {
    let rest = at;
    for (const decision of level.toReversed()) {
      const size = sizeOf(decision, levels);
      const own = rest % size;
      rest /= size;
      if (decision.kind === "choice") takeOption(decision, own);
      else taken.set(decision.path, gridValues(decision, levels)[Number(own)] as number);
    }
  };
  const takeOption = (decision: Extract<Decision, { kind: "choice" }>, at: bigint): void => {
    let rest = at;
    for (const [option, { children }] of decision.options.entries()) {
      const size = gridSize(children, levels);
      if (rest < size) {
        taken.set(decision.path, option);
        take(children, rest);
        return;
      }
      rest -= size;
    }
  };
  take(decisions, index);
  return walk(decisions, ({ path }) => taken.get(path) as number);
}
