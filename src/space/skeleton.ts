/** @file What is given, not searched: the default skeleton's type, and a study's overrides laid over it. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { SkeletonBase } from "./space.ts";

type IsUnion<T, U = T> = (T extends unknown ? ([U] extends [T] ? false : true) : never) extends false ? false : true;

/** A default stands for its type: 10 for number, [32, 32, 3] for three numbers. A union, asserted by the space, stays one. */
export type WidenValue<T> =
  IsUnion<T> extends true
    ? T
    : T extends string
      ? string
      : T extends number
        ? number
        : T extends boolean
          ? boolean
          : T extends (...args: never) => unknown
            ? T
            : T extends object
              ? { readonly [K in keyof T]: WidenValue<T[K]> }
              : T;

/** The type of a skeleton, from its default. */
export type Widen<S> = { readonly [K in keyof S]: WidenValue<S[K]> };

/**
 * Returns `defaults` with the keys of `overrides` in their place. Every key must be one of the default's, and every value of the
 * default's shape (the same type; for lists the same length, for objects the same keys; a default of null takes anything).
 * Throws `config` naming every key that is not so.
 */
export function mergeSkeleton<S extends SkeletonBase>(defaults: S, overrides: Partial<S> = {}): S {
  const problems: string[] = [];
  if (typeof overrides !== "object" || overrides === null || Array.isArray(overrides))
    throw new CellwrightError("config", expected("skeleton", "an object of keys to override", overrides));
  const known = Object.keys(defaults);
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(defaults, key))
      problems.push(expected(`skeleton.${key}`, `one of the space's keys (${known.join(", ")})`, key));
    else problems.push(...mismatches(`skeleton.${key}`, defaults[key], value));
    merged[key] = value;
  }
  if (problems.length > 0) throw new CellwrightError("config", problems.join("\n"), { details: { problems } });
  return merged as S;
}

function mismatches(place: string, model: unknown, value: unknown): readonly string[] {
  if (model === null) return [];
  const [wanted, given] = [kindOf(model), kindOf(value)];
  if (wanted !== given || (given === "number" && !Number.isFinite(value)))
    return [expected(place, NOUNS[wanted] ?? wanted, value)];
  if (Array.isArray(model) && Array.isArray(value)) {
    if (model.length === 0) return [];
    if (model.length !== value.length) return [expected(place, `a list of ${model.length}`, value)];
    return model.flatMap((item, i) => mismatches(`${place}[${i}]`, item, value[i]));
  }
  if (wanted === "object") {
    const [models, values] = [model as SkeletonBase, value as SkeletonBase];
    const keys = new Set([...Object.keys(models), ...Object.keys(values)]);
    return [...keys].flatMap((key) =>
      Object.hasOwn(models, key)
        ? mismatches(`${place}.${key}`, models[key], values[key])
        : [expected(`${place}.${key}`, `one of the keys ${Object.keys(models).join(", ")}`, key)],
    );
  }
  return [];
}

const NOUNS: Readonly<Record<string, string>> = {
  number: "a finite number",
  string: "a string",
  boolean: "true or false",
  list: "a list",
  object: "an object",
};

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}
