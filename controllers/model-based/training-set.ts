/** @file Which of many trials a model learns from: its cost grows with the cube of them, and what a search needs to know of its past does not. */

/**
 * Returns at most `most` of the trials 0 … count - 1, ascending: half of them the best, up to a quarter spread evenly over all (every 2ⁿ-th, so that from
 * trial to trial hardly any change), the rest the latest. `order`: all trials from the best.
 */
export function trainingSet(count: number, order: readonly number[], most: number): readonly number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index);
  const chosen = new Set(order.slice(0, Math.floor(most / 2)));
  const spread = Math.floor(most / 4);
  let stride = 1;
  while (count > spread * stride) stride *= 2;
  for (let index = 0; index < count; index += stride) chosen.add(index);
  for (let index = count - 1; chosen.size < most; index--) chosen.add(index);
  return [...chosen].sort((a, b) => a - b);
}
