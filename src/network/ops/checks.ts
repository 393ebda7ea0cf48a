/**
 * @file Checks of single attribute values, for networks that come as JSON. A check returns what it expected, or undefined where
 * the value is right: the caller names the node and the attribute.
 */
import type { Pair, Padding } from "../network.ts";

/** Returns what was expected (`a whole number of 1 or more`), or undefined where `value` is right. */
export type Check = (value: unknown) => string | undefined;

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, min: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

/** A whole number of `min` or more. */
export function wholeNumber(min: number): Check {
  return (value) => (isWhole(value, min) ? undefined : `a whole number of ${min} or more`);
}

/** `[rows, columns]`, each a whole number of 1 or more. */
export const pair: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every((side) => isWhole(side, 1))
    ? undefined
    : "two whole numbers of 1 or more, [rows, columns]";

const SIDES = ["top", "bottom", "left", "right"] as const;

/** `same`, `valid` or rows and columns of padding on each side. */
export const padding: Check = (value) => {
  if (value === "same" || value === "valid") return undefined;
  const isExplicit =
    isPlainObject(value) &&
    Object.keys(value).length === SIDES.length &&
    SIDES.every((side) => isWhole(value[side], 0));
  return isExplicit ? undefined : `"same", "valid" or { top, bottom, left, right } in whole numbers of 0 or more`;
};

export const flag: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");

/** What `check` takes, or nothing. */
export function optional(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value));
}

/** A number from `min` to `max`; `openMax` excludes `max` itself. */
export function numberIn(min: number, max: number, openMax = false): Check {
  return (value) =>
    typeof value === "number" && value >= min && (openMax ? value < max : value <= max)
      ? undefined
      : `a number from ${min} to ${openMax ? `less than ${max}` : max}`;
}

/** A finite number greater than 0. */
export const positive: Check = (value) =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? undefined : "a number greater than 0";

export function oneOf(names: readonly string[]): Check {
  return (value) =>
    typeof value === "string" && names.includes(value) ? undefined : `one of ${names.map((n) => `"${n}"`).join(", ")}`;
}

/** `[h, w, c]` or `[c]`. */
export const shape: Check = (value) =>
  Array.isArray(value) && (value.length === 1 || value.length === 3) && value.every((side) => isWhole(side, 1))
    ? undefined
    : "[height, width, channels] or [channels] in whole numbers of 1 or more";

/** What a sliding window is told. */
export interface WindowAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation?: Pair;
  readonly padding: Padding;
}
