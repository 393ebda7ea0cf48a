/**
 * @file What rounding did to a scaled skeleton, told for any space: each factor is probed alone to learn which keys it grows, and what
 * those keys would be exactly is compared with what they became.
 */
import type { RoundedNumbers, ScaleFactors, SkeletonBase } from "../space/space.ts";

type Scale = (skeleton: SkeletonBase, factors: ScaleFactors) => SkeletonBase;

const NONE: ScaleFactors = { depth: 1, width: 1, resolution: 1 };

/** Large enough that no rounding hides the growth of a small number. */
const PROBE = 16;

/** What a factor grows, for people. */
export type Axis = keyof ScaleFactors;

/** A number of the skeleton that a factor grows. */
export interface GrownNumber {
  readonly axis: Axis;
  /** `filters`, or `input[0]` within a list. */
  readonly key: string;
  /** Before rounding. */
  readonly exact: number;
  readonly rounded: number;
}

function numbersOf(skeleton: SkeletonBase): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [key, value] of Object.entries(skeleton)) {
    if (typeof value === "number") numbers.set(key, value);
    if (Array.isArray(value)) {
      value.forEach((item, i) => typeof item === "number" && numbers.set(`${key}[${i}]`, item));
    }
  }
  return numbers;
}

/** Returns every number of the skeleton that depth, width or resolution grow, exact and rounded, in the skeleton's order. */
export function grownNumbers(scale: Scale, skeleton: SkeletonBase, factors: ScaleFactors): readonly GrownNumber[] {
  const before = numbersOf(skeleton);
  const unscaled = numbersOf(scale(skeleton, NONE));
  const after = numbersOf(scale(skeleton, factors));
  const axes: readonly Axis[] = ["depth", "width", "resolution"];
  return axes.flatMap((axis) => {
    const probed = numbersOf(scale(skeleton, { ...NONE, [axis]: PROBE }));
    return [...before]
      .filter(([key]) => probed.get(key) !== unscaled.get(key))
      .map(([key, value]): GrownNumber => ({
        axis,
        key,
        exact: value * factors[axis],
        rounded: after.get(key) ?? value,
      }));
  });
}

/** Returns one line for each number that rounding moved, `cellsPerStack 3.7 rounded to 4`, and for each other key that scaling changed, `stem "cifar" -> "imagenet"`. */
export function roundingNotes(scale: Scale, skeleton: SkeletonBase, factors: ScaleFactors): readonly string[] {
  const grown = grownNumbers(scale, skeleton, factors);
  const scaled = scale(skeleton, factors);
  const notes = new Map<string, string>();
  for (const { key, exact, rounded } of grown) {
    // Half a percent is what two digits after the point show.
    if (Math.abs(exact - rounded) < 0.005) continue;
    const name = key.replace(/\[\d+\]$/, "");
    if (!notes.has(name)) notes.set(name, `${name} ${Number(exact.toFixed(1))} rounded to ${rounded}`);
  }
  const grownKeys = new Set(grown.map(({ key }) => key.replace(/\[\d+\]$/, "")));
  for (const [key, value] of Object.entries(scaled)) {
    const [from, to] = [JSON.stringify(skeleton[key]), JSON.stringify(value)];
    if (!grownKeys.has(key) && from !== to) notes.set(key, `${key} ${from} -> ${to}`);
  }
  return [...notes.values()];
}

/** Returns one line for each list of numbers that decoding rounds, `layers 1.2, 2.4 rounded to 2, 3`; none where nothing moved. */
export function decodedNotes(numbers: readonly RoundedNumbers[]): readonly string[] {
  return numbers
    .filter(({ exact, rounded }) => exact.some((value, i) => Math.abs(value - (rounded[i] ?? value)) >= 0.005))
    .map(({ key, exact, rounded }) => {
      const texts = exact.map((value) => Number(value.toFixed(1)));
      return `${key} ${texts.join(" ")} rounded to ${rounded.join(" ")}`;
    });
}
