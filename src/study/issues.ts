/** @file What zod found wrong, in the house form: the path in what was given, and what was expected there. */
import type { z } from "zod";
import { describe } from "../base/errors.ts";

/** One thing wrong with a value that came from outside. */
export interface PlacedProblem {
  readonly path: readonly PropertyKey[];
  /** `Expected <what>. Received: <value>.` */
  readonly message: string;
}

/** Returns what an issue says of `root`; one problem for each key that should not be there. The schema's messages complete "Expected …". */
export function problemsOf(issue: z.core.$ZodIssue, root: unknown): readonly PlacedProblem[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], message: "Expected no such key." }));
  if (issue.code === "invalid_key")
    return [
      { path, message: `Expected ${issue.issues[0]?.message ?? "another key"}. Received: ${describe(path.at(-1))}.` },
    ];
  const received = path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
  return [{ path, message: `Expected ${issue.message}. Received: ${describe(received)}.` }];
}

/** `["a", 0, "b"]` gives `a[0].b`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
}
