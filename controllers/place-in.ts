/** @file Where something belongs in a list that is kept in order. */

/** Returns how many items come before the place: those of which `isBefore` holds, which all stand before those of which it does not. About log n calls. */
export function placeIn<T>(sorted: readonly T[], isBefore: (item: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
