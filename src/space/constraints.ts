/** @file What a candidate has to meet before it is trained: part of a space, of a study, or of both. */
import { CellwrightError, expected } from "../base/errors.ts";
import { didYouMean } from "../base/similar-names.ts";
import type { CandidateCost, Genotype } from "./space.ts";

/** What a predicate of the user's own sees of a candidate. */
export interface ConstraintSubject<Net> {
  readonly network: Net;
  readonly cost: CandidateCost;
  readonly genotype: Genotype;
}

/** Runtimes that a latency can be measured in. */
export const latencyRuntimes = ["native", "onnxruntime"] as const;
export type LatencyRuntime = (typeof latencyRuntimes)[number];

/** Limits that a candidate has to keep, all of them. What breaks one is never trained. */
export interface Constraints<Net = unknown> {
  /** Trainable parameters. */
  readonly maxParams?: number;
  /** Multiply-accumulates of one image. */
  readonly maxMacs?: number;
  /** Bytes of one image's forward pass: weights and the most that is live at once, in 32-bit floats. */
  readonly maxMemory?: number;
  /**
   * Milliseconds of one image's forward pass, measured: the median of repeats on the machine that searches. Looked at only
   * where all else is met; what was measured is stored with the trial and decides for good.
   */
  readonly maxLatencyMs?: number;
  /** What `maxLatencyMs` is measured in: `onnxruntime` runs the ONNX export on one thread of the CPU, and needs onnxruntime-node. Default native. A study's goes before its space's. */
  readonly latencyRuntime?: LatencyRuntime;
  /** Whether a candidate may be trained, by a rule of the user's own. Pure: the same candidate, the same answer. */
  accept?(candidate: ConstraintSubject<Net>): boolean;
}

/** Constraints by name, in the order in which they are looked at. */
export const constraintNames = ["maxParams", "maxMacs", "maxMemory", "accept", "maxLatencyMs"] as const;
export type ConstraintName = (typeof constraintNames)[number];

/** Throws `space` unless these are constraints. `place` says whose. */
export function checkConstraints(constraints: unknown, place: string): void {
  if (typeof constraints !== "object" || constraints === null || Array.isArray(constraints))
    throw new CellwrightError("space", expected(place, `an object with ${constraintNames.join(", ")}`, constraints));
  for (const [name, value] of Object.entries(constraints) as [string, unknown][]) {
    const at = `${place}.${name}`;
    if (name === "latencyRuntime") {
      if (value !== undefined && !(latencyRuntimes as readonly unknown[]).includes(value))
        throw new CellwrightError("space", expected(at, latencyRuntimes.join(" or "), value));
      continue;
    }
    if (!(constraintNames as readonly string[]).includes(name)) {
      const problem = expected(at, `one of ${constraintNames.join(", ")}`, name);
      throw new CellwrightError("space", `${problem}${didYouMean(name, constraintNames)}`);
    }
    if (value === undefined) continue;
    if (name === "accept" ? typeof value !== "function" : !(typeof value === "number" && value > 0))
      throw new CellwrightError(
        "space",
        expected(at, name === "accept" ? "a function of { network, cost, genotype }" : "a number above 0", value),
      );
  }
}
