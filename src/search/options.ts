/**
 * @file Options of an algorithm, checked once and in one voice: `agingEvolution.populationSize  Expected a whole number of 1 or more.
 * Received: "ten".` A rule says what an option may be and what it is when it is not given; every problem is reported at once.
 */
import { CellwrightError, expected } from "../base/errors.ts";

/** What one option may be. */
export interface OptionRule<T> {
  /** The value where none is given. */
  readonly fallback: T;
  /** Completes "Expected …". */
  readonly what: string;
  accepts(value: unknown): boolean;
}

/** One rule per option: the compiler lists what is missing. */
export type OptionRules<T> = { readonly [K in keyof T]-?: OptionRule<T[K]> };

/** Returns a rule for a whole number from `min` to `max`. */
export function wholeNumber<T extends number | undefined>(
  fallback: T,
  { min, max = Infinity }: { readonly min: number; readonly max?: number },
): OptionRule<T> {
  const range = max === Infinity ? `of ${min} or more` : `from ${min} to ${max}`;
  return {
    fallback,
    what: `a whole number ${range}`,
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** Returns a rule for a finite number. `min` and `max` are included; `above` is not. */
export function realNumber<T extends number | undefined>(
  fallback: T,
  { min, max, above }: { readonly min?: number; readonly max?: number; readonly above?: number },
): OptionRule<T> {
  const bounds = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(min === undefined ? [] : [`of ${min} or more`]),
    ...(max === undefined ? [] : [`of at most ${max}`]),
  ];
  return {
    fallback,
    what: ["a number", bounds.join(" and ")].join(" ").trim(),
    accepts: (value) =>
      typeof value === "number" &&
      Number.isFinite(value) &&
      (above === undefined || value > above) &&
      (min === undefined || value >= min) &&
      (max === undefined || value <= max),
  };
}

/** Returns a rule for one of some texts. */
export function oneOf<T extends string>(fallback: T, values: readonly T[]): OptionRule<T> {
  return {
    fallback,
    what: values.map((value) => JSON.stringify(value)).join(" or "),
    accepts: (value) => values.includes(value as T),
  };
}

/**
 * Returns `given` with every absent option filled in, keys in the order of the rules; an option whose fallback is undefined stays absent.
 * `place` is the name that the user wrote, such as `agingEvolution`. Throws `config` with every problem, one a line.
 */
export function resolveOptions<T extends object>(place: string, given: unknown, rules: OptionRules<T>): T {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new CellwrightError("config", expected(place, "an object of options", given));
  const record = given as Readonly<Record<string, unknown>>;
  const table = rules as Readonly<Record<string, OptionRule<unknown>>>;
  const names = Object.keys(table);
  const problems = Object.keys(record)
    .filter((name) => !Object.hasOwn(table, name))
    .map((name) =>
      expected(`${place}.${name}`, `one of the options ${names.join(", ") || "(there are none)"}`, record[name]),
    );
  const resolved: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(table)) {
    const value = record[name] === undefined ? rule.fallback : record[name];
    if (record[name] !== undefined && !rule.accepts(value))
      problems.push(expected(`${place}.${name}`, rule.what, value));
    if (value !== undefined) resolved[name] = value;
  }
  if (problems.length > 0) throw new CellwrightError("config", problems.join("\n"), { details: { problems } });
  return resolved as T;
}
