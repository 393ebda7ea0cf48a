/** @file Small pictures made of block characters. */

const BARS = "▁▂▃▄▅▆▇█";
const PARTS = " ▏▎▍▌▋▊▉█";

/** Returns a sparkline of at most `width` cells: each shows the last value of its share of the series. */
export function sparkline(values: readonly number[], width: number): string {
  if (values.length === 0 || width <= 0) return "";
  const cells = Math.min(width, values.length);
  const sampled = Array.from(
    { length: cells },
    (_, cell) => values[Math.ceil(((cell + 1) * values.length) / cells) - 1] ?? 0,
  );
  const low = Math.min(...sampled);
  const high = Math.max(...sampled);
  return sampled
    .map((value) => BARS[high === low ? 3 : Math.round(((value - low) / (high - low)) * (BARS.length - 1))] ?? "")
    .join("");
}

/** Returns a bar of `width` cells filled to `fraction`, in eighths of a cell. */
export function progressBar(fraction: number, width: number): string {
  const filled = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0)) * width;
  const whole = Math.floor(filled);
  const part = whole < width ? (PARTS[Math.round((filled - whole) * (PARTS.length - 1))] ?? "") : "";
  return `${"█".repeat(whole)}${part}`.padEnd(width);
}
