/** @file One text for one value: keys sorted, no spaces. What is hashed, compared or stored goes through here. */
import { CellwrightError } from "./errors.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Returns the canonical JSON text of `value`: keys in code-unit order, absent and undefined alike. Throws `internal` on NaN, infinities and anything JSON lacks. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      throw new CellwrightError("internal", `Expected a finite number for JSON. Received: ${value}.`);
    return JSON.stringify(value === 0 ? 0 : value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const record = value as Record<string, unknown>;
    const parts = Object.keys(record)
      .filter((key) => record[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`);
    return `{${parts.join(",")}}`;
  }
  throw new CellwrightError("internal", `Expected a JSON value. Received: ${typeof value}.`);
}
