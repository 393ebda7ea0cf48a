/**
 * @file What a single decision can be: its values as numbers, one to draw, another one, the next, the way to [0, 1] and back.
 * A choice's values are 0 .. options - 1; an int's are min, min + step … max; a float's are its range, kept to nine digits.
 */
import { describe, unreachable } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import type { Decision } from "./space.ts";

type Float = Extract<Decision, { kind: "float" }>;
type Discrete = Exclude<Decision, Float>;

/** Digits a float keeps. Few enough that the double behind them survives the way to [0, 1] and back. */
const FLOAT_DIGITS = 9;

/** Returns how many values a decision has. */
export function cardinality(decision: Discrete): number {
  return decision.kind === "choice" ? decision.options.length : (decision.max - decision.min) / decision.step + 1;
}

/** Returns whether a decision has more than one value. */
export function isMutable(decision: Decision): boolean {
  return decision.kind === "float" || cardinality(decision) > 1;
}

/** Returns the value at `index`, counted from 0. */
export function valueAt(decision: Discrete, index: number): number {
  return decision.kind === "choice" ? index : decision.min + index * decision.step;
}

/** Returns the index of a value. */
export function indexOfValue(decision: Discrete, value: number): number {
  return decision.kind === "choice" ? value : (value - decision.min) / decision.step;
}

/** Returns one value, each as likely (on its scale, for a float). One draw. */
export function sampleValue(decision: Decision, rng: Rng): number {
  return decision.kind === "float" ? fromUnit(decision, rng.next()) : valueAt(decision, rng.int(cardinality(decision)));
}

/** Returns one of the other values, each as likely. The decision must be mutable. */
export function otherValue(decision: Decision, value: number, rng: Rng): number {
  if (decision.kind === "float") {
    // A range holds two values or more, so a draw differs from the current one sooner or later; nearly always at once.
    for (;;) {
      const drawn = fromUnit(decision, rng.next());
      if (drawn !== value) return drawn;
    }
  }
  const drawn = rng.int(cardinality(decision) - 1);
  return valueAt(decision, drawn >= indexOfValue(decision, value) ? drawn + 1 : drawn);
}

/** Returns where a value lies in its range: 0 for the least, 1 for the greatest. */
export function toUnit(decision: Exclude<Decision, { kind: "choice" }>, value: number): number {
  const { min, max } = decision;
  if (min === max) return 0;
  if (decision.kind === "float" && decision.scale === "log")
    return clamp((Math.log(value) - Math.log(min)) / (Math.log(max) - Math.log(min)), 0, 1);
  return clamp((value - min) / (max - min), 0, 1);
}

/** Returns the value nearest to `unit` of the way through its range. */
export function fromUnit(decision: Exclude<Decision, { kind: "choice" }>, unit: number): number {
  const { min, max } = decision;
  const at = clamp(unit, 0, 1);
  if (decision.kind === "int") return valueAt(decision, Math.round(at * (cardinality(decision) - 1)));
  if (decision.scale === "log") {
    const value = Math.exp(Math.log(min) + at * (Math.log(max) - Math.log(min)));
    return clamp(Number(value.toPrecision(FLOAT_DIGITS)), min, max);
  }
  const decimals = clamp(FLOAT_DIGITS - Math.ceil(Math.log10(max - min)), -300, 100);
  const value = min + at * (max - min);
  // `toFixed` cuts after the point only: of a range beyond a billion, whole multiples of a power of ten are kept, written out so that they read well.
  const rounded =
    decimals >= 0
      ? Number(value.toFixed(decimals))
      : Number(`${BigInt(Math.round(value / 10 ** -decimals))}e${-decimals}`);
  // Adding 0 makes the 0 of a value that rounds to -0 a plain one.
  return clamp(rounded, min, max) + 0;
}

/** Returns what is wrong with a value, in the house form, or undefined. */
export function problemOf(decision: Decision, value: unknown): string | undefined {
  return isValue(decision, value) ? undefined : `Expected ${describeValues(decision)}. Received: ${describe(value)}.`;
}

function isValue(decision: Decision, value: unknown): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (decision.kind === "float") return value >= decision.min && value <= decision.max;
  const index = indexOfValue(decision, value);
  return Number.isInteger(index) && index >= 0 && index < cardinality(decision);
}

function describeValues(decision: Decision): string {
  switch (decision.kind) {
    case "choice": {
      const names = decision.options.map((option, index) => `${index} ${option.name}`);
      const shown = names.length > 8 ? [...names.slice(0, 6), "…", names.at(-1)] : names;
      return `an option's index (${shown.join(", ")})`;
    }
    case "int":
      return `a whole number from ${decision.min} to ${decision.max}${decision.step === 1 ? "" : ` in steps of ${decision.step}`}`;
    case "float":
      return `a number from ${decision.min} to ${decision.max}`;
    default:
      return unreachable(decision);
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
