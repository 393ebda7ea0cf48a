/**
 * @file How mobile networks round what a multiplier makes of their filters and repeats: the released code's `round_filters` and `round_repeats` (EfficientNet),
 * which is `_make_divisible` (MobileNetV2 and V3) and `_round_to_multiple_of` (MnasNet) by other names.
 */

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
