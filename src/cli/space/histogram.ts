/** @file How values are spread, in a few characters. */

const BARS = "▁▂▃▄▅▆▇█";
/** From this ratio of the largest to the smallest on, bins grow with the value: else all but a few would share the first. */
const LOG_RATIO = 20;

/** Returns a histogram of `width` bins from the smallest to the largest of ascending values: a blank holds none, the tallest bar most. */
export function histogram(values: readonly number[], width: number): string {
  const [min] = values;
  const max = values.at(-1);
  if (min === undefined || max === undefined || width < 1) return "";
  if (min === max) return BARS.at(-1) ?? "";
  const scale = min > 0 && max / min >= LOG_RATIO ? Math.log : (value: number): number => value;
  const [low, high] = [scale(min), scale(max)];
  const counts = Array.from({ length: width }, () => 0);
  for (const value of values) {
    const bin = Math.min(width - 1, Math.floor((width * (scale(value) - low)) / (high - low)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  return counts.map((count) => (count === 0 ? " " : BARS[Math.ceil((count * BARS.length) / most) - 1])).join("");
}
