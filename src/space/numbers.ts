/** @file `int` and `float`: numbers within a range. */
import { CellwrightError, expected } from "../base/errors.ts";
import { type Declaration, declared } from "./declaration.ts";
import type { Decision } from "./space.ts";

/** Above this many values an index no longer survives the way to [0, 1] and back. */
const MAX_VALUES = 2 ** 32;

/** Declares a whole number from `min` to `max`, both included, in steps of `step` (default 1). Throws `space` if `max` is not a step. */
export function int(
  min: number,
  max: number,
  { step = 1, doc }: { readonly step?: number; readonly doc?: string } = {},
): Declaration<number> {
  return number(({ path, group }) => {
    for (const [what, value] of [
      ["min", min],
      ["max", max],
      ["step", step],
    ] as const)
      if (!Number.isSafeInteger(value))
        throw new CellwrightError("space", expected(path, `a whole number as ${what}`, value));
    if (step < 1) throw new CellwrightError("space", expected(path, "a step of 1 or more", step));
    if (max < min) throw new CellwrightError("space", expected(path, `a max of ${min} (its min) or more`, max));
    if ((max - min) % step !== 0)
      throw new CellwrightError(
        "space",
        expected(path, `a max that is ${min} plus a whole number of steps of ${step}`, max),
      );
    if ((max - min) / step >= MAX_VALUES)
      throw new CellwrightError("space", expected(path, `at most 2^32 values`, (max - min) / step + 1));
    return { kind: "int", path, role: "other", group, min, max, step, ...(doc !== undefined && { doc }) };
  });
}

/**
 * Declares a real number from `min` to `max`, both included; `log` draws its logarithm uniformly. Values are kept to nine digits
 * (of the range for `linear`, of the value for `log`), so that they read well and vectors give them back exactly.
 */
export function float(
  min: number,
  max: number,
  { scale = "linear", doc }: { readonly scale?: "linear" | "log"; readonly doc?: string } = {},
): Declaration<number> {
  return number(({ path, group }) => {
    for (const [what, value] of [
      ["min", min],
      ["max", max],
    ] as const)
      if (!Number.isFinite(value))
        throw new CellwrightError("space", expected(path, `a finite number as ${what}`, value));
    if (max <= min) throw new CellwrightError("space", expected(path, `a max above ${min} (its min)`, max));
    if (!Number.isFinite(max - min))
      throw new CellwrightError("space", expected(path, "a range that is finite", [min, max]));
    if (scale !== "linear" && scale !== "log")
      throw new CellwrightError("space", expected(path, `a scale of "linear" or "log"`, scale));
    if (scale === "log" && min <= 0)
      throw new CellwrightError("space", expected(path, "a min above 0 for a log scale", min));
    // Nine digits have to tell values apart: a range narrower than this would hold next to none.
    const narrow = scale === "log" ? max / min < 1 + 1e-6 : max - min < 1e-90;
    if (narrow) throw new CellwrightError("space", expected(path, "a range wide enough for nine digits", [min, max]));
    return { kind: "float", path, role: "other", group, min, max, scale, ...(doc !== undefined && { doc }) };
  });
}

function number(decide: (place: { path: string; group: string }) => Decision): Declaration<number> {
  return {
    [declared]: true,
    compile(place) {
      return {
        decisions: [decide(place)],
        read: (genotype) => genotype[place.path] as number,
        write(value, into) {
          into[place.path] = value;
        },
      };
    },
  };
}
