/** @file Numbers as people write them in flags: `600M`, `1.5e6`, `10_000`. */
import { CellwrightError, expected } from "../base/errors.ts";

const SUFFIXES: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const BINARY: Readonly<Record<string, number>> = { ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 };

/** Returns a parser of whole numbers for `flag`. Its error is the house's: `--trials  Expected … Received: "ten".` */
export function wholeNumberFlag(flag: string, min: number): (text: string) => number {
  return (text) => {
    const value = readNumber(text);
    if (!Number.isSafeInteger(value) || value < min)
      throw new CellwrightError("config", expected(flag, `a whole number of ${min} or more`, text));
    return value;
  };
}

/** Returns a parser of numbers in a range. `above` excludes the lower end. */
export function numberFlag(
  flag: string,
  range: { readonly min?: number; readonly max?: number; readonly above?: number } = {},
): (text: string) => number {
  const { min = -Infinity, max = Infinity, above = -Infinity } = range;
  return (text) => {
    const value = readNumber(text);
    if (!Number.isFinite(value) || value < min || value > max || value <= above)
      throw new CellwrightError("config", expected(flag, rangeText(range), text));
    return value;
  };
}

/** Returns a parser of a list of numbers parted by commas. */
export function listFlag(flag: string, one: (text: string) => number): (text: string) => number[] {
  return (text) => {
    const parts = text.split(",").map((part) => part.trim());
    if (parts.some((part) => part === ""))
      throw new CellwrightError("config", expected(flag, "numbers parted by commas", text));
    return parts.map(one);
  };
}

/** Returns a parser of one of some words. */
export function wordFlag<T extends string>(flag: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new CellwrightError("config", expected(flag, `one of ${words.join(", ")}`, text));
    return found;
  };
}

function readNumber(text: string): number {
  const match = /^([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([kmgt]?i?)b?$/i.exec(text.trim());
  if (match === null) return Number.NaN;
  const factor = { ...SUFFIXES, ...BINARY }[(match[2] ?? "").toLowerCase()];
  const value = Number((match[1] ?? "").replaceAll("_", "")) * (factor ?? Number.NaN);
  // 0.1 M is 100000.00000000001 in floating point.
  return Math.abs(value - Math.round(value)) < 1e-6 * Math.abs(value) && Math.abs(value) >= 1e3
    ? Math.round(value)
    : value;
}

function rangeText({ min, max, above }: { min?: number; max?: number; above?: number }): string {
  if (min !== undefined && max !== undefined) return `a number from ${min} to ${max}`;
  if (above !== undefined && max !== undefined) return `a number above ${above}, at most ${max}`;
  if (above !== undefined) return `a number above ${above}`;
  return min === undefined ? "a number" : `a number of ${min} or more`;
}
