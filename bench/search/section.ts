/** @file What every section of the benchmark is given, and what it gives back. */
import type { ControllerDefinition } from "cellwright/search";
import type { DataName } from "./problem.ts";

export interface Bench {
  readonly print: (line: string) => void;
  readonly seeds: readonly number[];
  /** Returns the seeds of a controller, by its name among the contenders or itself: those that have a model may have fewer, as they take the most time. */
  readonly seedsOf: (controller: string | ControllerDefinition) => readonly number[];
  readonly data: readonly DataName[];
  /** Names of contenders, where not all are asked for. */
  readonly controllers: readonly string[] | undefined;
}

/** One condition that the benchmark has to meet, with what was measured. */
export interface Verdict {
  readonly what: string;
  readonly measured: number;
  readonly asked: number;
  readonly holds: boolean;
}

/** Prints a verdict and returns it. */
export function judge(
  { print }: Bench,
  what: string,
  measured: number,
  relation: "at least" | "at most" | "above",
  asked: number,
): Verdict {
  const holds =
    relation === "at least" ? measured >= asked : relation === "above" ? measured > asked : measured <= asked;
  print(`  ${holds ? "holds " : "MISSED"}  ${what}: ${measured.toFixed(3)}, asked ${relation} ${asked}`);
  return { what, measured, asked, holds };
}
