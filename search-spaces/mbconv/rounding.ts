/**
 * @file How mobile networks round what a multiplier makes of their filters and repeats: the released code's `round_filters` and `round_repeats` (EfficientNet),
 * which is `_make_divisible` (MobileNetV2 and V3) and `_round_to_multiple_of` (MnasNet) by other names.
 */

import type { RoundedNumbers } from "cellwright/space";

const DIVISOR = 8;

/** Returns `filters` times `width` to the nearest multiple of 8, the next one up where that would lose more than a tenth; never less than 8. */
export function roundFilters(filters: number, width = 1): number {
  const exact = filters * width;
  const nearest = Math.max(DIVISOR, Math.floor(Math.trunc(exact + DIVISOR / 2) / DIVISOR) * DIVISOR);
  return nearest < 0.9 * exact ? nearest + DIVISOR : nearest;
}

/** Returns `repeats` times `depth`, rounded up. */
export function roundRepeats(repeats: number, depth: number): number {
  return Math.ceil(depth * repeats);
}

/** Returns what a skeleton's multipliers make of the layers and filters of stages, exact and rounded. */
export function roundedStages(
  stages: readonly { readonly repeats: number; readonly filters: number }[],
  { width, depth }: { readonly width: number; readonly depth: number },
): readonly RoundedNumbers[] {
  return [
    {
      axis: "depth",
      key: "layers",
      exact: stages.map(({ repeats }) => repeats * depth),
      rounded: stages.map(({ repeats }) => roundRepeats(repeats, depth)),
    },
    {
      axis: "width",
      key: "filters",
      exact: stages.map(({ filters }) => filters * width),
      rounded: stages.map(({ filters }) => roundFilters(filters, width)),
    },
  ];
}
