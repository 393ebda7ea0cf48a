/** @file Checks options with zod and complains in the house form: every problem at once, each with its path. */
import { z } from "zod";
import { CellwrightError, describe, expected } from "../base/errors.ts";

/** A whole number of `min` or more (and of `max` or less). */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodType<number> {
  const text =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of ${min} or more` : `a whole number from ${min} to ${max}`;
  return z.number(text).int(text).min(min, text).max(max, text);
}

/** A finite number from `min` to `max`. */
export function numberBetween(min: number, max: number): z.ZodType<number> {
  const text = max === Infinity ? `a number of ${min} or more` : `a number from ${min} to ${max}`;
  return z.number(text).min(min, text).max(max, text);
}

/** One of a few names. */
export function oneOf<const T extends readonly [string, ...string[]]>(names: T): z.ZodType<T[number]> {
  return z.enum(names, `one of ${names.map((name) => JSON.stringify(name)).join(", ")}`);
}

/** True or false. */
export function yesOrNo(): z.ZodType<boolean> {
  return z.boolean("true or false");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

/**
 * Returns `value` checked by `schema`, defaults filled in. Throws `config` with a line per problem:
 * `evaluator.epochs  Expected a whole number of 1 or more. Received: "ten".`
 */
export function parseOptions<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = [place, ...issue.path.map(String)].join(".");
    if (issue.code === "unrecognized_keys") {
      const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
      const names = known.length === 0 ? "only known options" : `only these options: ${known.join(", ")}`;
      return expected(path, names, issue.keys.length === 1 ? issue.keys[0] : issue.keys);
    }
    return `${path}  Expected ${issue.message}. Received: ${describe(valueAt(value, issue.path))}.`;
  });
  throw new CellwrightError("config", lines.join("\n"), { details: { place } });
}
