/**
 * @file JSON columns. Keys keep their order (a controller that replays must see a genotype as the live one did), and the numbers that
 * JSON lacks are kept: a diverged loss is stored as NaN, not as null.
 */
import type { Json } from "../base/canonical-json.ts";

const NON_FINITE: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/** Returns the text of a plain value; NaN and infinities are written as `{"$number": "NaN"}`. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "number" && !Number.isFinite(item) ? { $number: String(item) } : item,
  );
}

/** Returns the value of a text written by `encodeJson`. Throws SyntaxError. */
export function decodeJson(text: string): Json {
  // The reviver makes parsing five times slower, and hardly any text needs it.
  if (!text.includes('"$number"')) return JSON.parse(text) as Json;
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || !("$number" in item)) return item;
    return NON_FINITE[String(item.$number)] ?? item;
  }) as Json;
}
