/**
 * @file Grid search: every genotype once, then done. For spaces small enough to be tried out. Where there are more genotypes than trials, random
 * search is the better of the two (Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13, 2012).
 */
import { gridPoint, gridSize, oneOf, resolveOptions, wholeNumber } from "cellwright/search";
import type { ControllerDefinition, OptionRules } from "cellwright/search";

export interface GridOptions {
  /** Values that a float takes, and an int that has more than this many: evenly spread over its range, both ends among them. Default 5. */
  readonly levels?: number;
  /**
   * `declared` turns the last decision fastest; `scattered` visits the same points far from each other, so that a budget that ends early has seen all of
   * the space rather than a corner. Default `declared`.
   */
  readonly order?: "declared" | "scattered";
}

const RULES: OptionRules<Required<GridOptions>> = {
  levels: wholeNumber(5, { min: 1 }),
  order: oneOf("declared", ["declared", "scattered"]),
};

/** Returns grid search. Learns nothing; done after the last point. Throws `config` naming each option that is wrong. O(decisions) an ask. */
export function grid(options: GridOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Required<GridOptions>>("grid", options, RULES);
  const { levels, order } = resolved;
  return {
    name: "grid search",
    options: { ...resolved },
    create({ space: { decisions } }) {
      const size = gridSize(decisions, levels);
      const stride = order === "declared" ? 1n : scatteredStride(size);
      // Counted by what was started, not by trial numbers: some of these are a wrapper's own.
      let next = 0n;
      return {
        note: `${size} points`,
        ask() {
          if (next >= size) return "done";
          return { genotype: gridPoint(decisions, levels, (next * stride) % size) };
        },
        tell({ kind }) {
          if (kind === "started") next++;
        },
      };
    },
  };
}

/** Returns a number near size over the golden ratio that has no divisor in common with size: multiples of it visit every point, far apart. */
function scatteredStride(size: bigint): bigint {
  let stride = (size * 618_033_988_749n) / 1_000_000_000_000n + 1n;
  while (commonDivisor(stride, size) !== 1n) stride++;
  return stride;
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}
