/** @file How many genotypes a space has, and all of them in lexicographic order. */
import { CellwrightError } from "../base/errors.ts";
import type { Decision, Genotype } from "./space.ts";
import { cardinality, indexOfValue, valueAt } from "./values.ts";
import { activeDecisions, flatten, walk } from "./walk.ts";

/** Returns the number of genotypes: a product over decisions, of which a choice is a sum over options; undefined if a float makes it infinite. */
export function countGenotypes(decisions: readonly Decision[]): bigint | undefined {
  let product = 1n;
  for (const decision of decisions) {
    if (decision.kind === "float") return undefined;
    if (decision.kind === "int") {
      product *= BigInt(cardinality(decision));
      continue;
    }
    let sum = 0n;
    for (const option of decision.options) {
      const below = countGenotypes(option.children);
      if (below === undefined) return undefined;
      sum += below;
    }
    product *= sum;
  }
  return product;
}

/** Returns every genotype, the last decision turning fastest. Lazy: holds one at a time. Throws `space` at once if there is a float. */
export function enumerateGenotypes(decisions: readonly Decision[]): Iterable<Genotype> {
  const float = flatten(decisions).find((decision) => decision.kind === "float");
  if (float !== undefined)
    throw new CellwrightError(
      "space",
      `${float.path}  Expected decisions of finitely many values to enumerate. Received: a float.`,
    );
  return {
    *[Symbol.iterator]() {
      let current: Genotype | undefined = complete(decisions, new Map());
      while (current !== undefined) {
        yield current;
        current = successor(decisions, current);
      }
    },
  };
}

/** Returns the least genotype that takes the decisions of `prefix` as given. A map: a decision may be called what every object inherits. */
function complete(decisions: readonly Decision[], prefix: ReadonlyMap<string, number>): Genotype {
  return walk(decisions, (decision) => prefix.get(decision.path) ?? least(decision));
}

function successor(decisions: readonly Decision[], genotype: Genotype): Genotype | undefined {
  const active = activeDecisions(decisions, genotype);
  for (let i = active.length - 1; i >= 0; i--) {
    const decision = active[i];
    if (decision === undefined || decision.kind === "float") continue;
    const next = indexOfValue(decision, genotype[decision.path] as number) + 1;
    if (next === cardinality(decision)) continue;
    const prefix = new Map(active.slice(0, i).map(({ path }) => [path, genotype[path] as number]));
    return complete(decisions, prefix.set(decision.path, valueAt(decision, next)));
  }
  return undefined;
}

function least(decision: Decision): number {
  return decision.kind === "choice" ? 0 : decision.min;
}
