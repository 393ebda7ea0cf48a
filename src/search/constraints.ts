/** @file Whether a candidate meets the constraints of its space and its study, and how many did not. */
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { formatBytes, formatCount } from "../base/units.ts";
import type { Network } from "../network/index.ts";
import { constraintNames, type ConstraintName, type Constraints } from "../space/constraints.ts";
import type { Candidate } from "./candidate.ts";

/** A constraint that a candidate breaks. */
export interface Refusal {
  readonly constraint: ConstraintName;
  /** `constraints.maxParams: 72,370 is over 60,000`. */
  readonly reason: string;
}

/** How many candidates were refused, and by which constraint; one may break several. */
export interface RefusalCounts {
  readonly refused: number;
  readonly by: Readonly<Partial<Record<ConstraintName, number>>>;
}

export const NONE_REFUSED: RefusalCounts = { refused: 0, by: {} };

const LIMITS = [
  ["maxParams", "params", formatCount],
  ["maxMacs", "macs", formatCount],
  ["maxMemory", "memory", formatBytes],
] as const;

/** Returns whether there is anything to meet before a latency is measured. */
export function hasConstraints(all: readonly Constraints<Network>[]): boolean {
  return all.some((each) => constraintNames.some((name) => name !== "maxLatencyMs" && each[name] !== undefined));
}

/** Returns every constraint that a candidate breaks, the latency aside. Throws `config` where a predicate throws or answers neither yes nor no. */
export function refusalsOf(all: readonly Constraints<Network>[], candidate: Candidate): readonly Refusal[] {
  const { cost } = candidate;
  return all.flatMap((constraints) => [
    ...LIMITS.flatMap(([constraint, measure, format]) => {
      const limit = constraints[constraint];
      return limit !== undefined && cost[measure] > limit
        ? [{ constraint, reason: overText(constraint, format(cost[measure]), format(limit)) }]
        : [];
    }),
    ...(accepts(constraints, candidate)
      ? []
      : [{ constraint: "accept" as const, reason: "constraints.accept: refused by the predicate" }]),
  ]);
}

/** Returns the limit of the latency, the least of several; undefined for none. */
export function latencyLimit(all: readonly Constraints<Network>[]): number | undefined {
  const limits = all.flatMap(({ maxLatencyMs }) => (maxLatencyMs === undefined ? [] : [maxLatencyMs]));
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Returns the refusal of a measured latency, or undefined where it is within the limit. */
export function latencyRefusal(latencyMs: number, limit: number): Refusal | undefined {
  if (latencyMs <= limit) return undefined;
  return {
    constraint: "maxLatencyMs",
    reason: overText("maxLatencyMs", `${latencyMs.toPrecision(3)} ms`, `${limit} ms`),
  };
}

/** Adds one refused candidate to the counts. */
export function countRefusal(counts: RefusalCounts, constraints: readonly ConstraintName[]): RefusalCounts {
  const by = { ...counts.by };
  for (const name of new Set(constraints)) by[name] = (by[name] ?? 0) + 1;
  return { refused: counts.refused + 1, by };
}

/** Returns `maxParams refuses 990, accept refuses 10`, in the order of the constraints; empty for none. */
export function refusalText({ by }: RefusalCounts): string {
  return constraintNames
    .flatMap((name) => (by[name] === undefined ? [] : [`${name} refuses ${formatCount(by[name])}`]))
    .join(", ");
}

/** One candidate in so many has to meet constraints that leave something to search. */
const MAX_PER_MET = 1_000;

/** Returns whether fewer than 1 in 1,000 of those refused and those that `met` the constraints do. */
export function isRare({ refused }: RefusalCounts, met: number): boolean {
  return refused > 0 && refused + met >= MAX_PER_MET * Math.max(1, met);
}

/** What is said then. */
export const rareText = `Fewer than 1 in ${formatCount(MAX_PER_MET)} meet them.`;

/** Returns the error of constraints that none of `drawn` candidates met. */
export function noneMeet(what: "samples" | "proposals", drawn: number, counts: RefusalCounts): CellwrightError {
  const by = refusalText(counts);
  return new CellwrightError(
    "config",
    `constraints  Expected at least 1 in ${formatCount(MAX_PER_MET)} ${what} to meet them. Received: none of ${formatCount(drawn)}${by === "" ? "" : ` (${by})`}. Loosen them, or make the skeleton smaller.`,
    { details: { drawn, ...counts } },
  );
}

function overText(name: ConstraintName, value: string, limit: string): string {
  return `constraints.${name}: ${value} is over ${limit}`;
}

function accepts(constraints: Constraints<Network>, { network, cost, genotype }: Candidate): boolean {
  if (constraints.accept === undefined) return true;
  let answer: unknown;
  try {
    answer = constraints.accept({ network, cost, genotype });
  } catch (error) {
    throw new CellwrightError(
      "config",
      `constraints.accept  Expected true or false. Received an error: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (typeof answer !== "boolean")
    throw new CellwrightError(
      "config",
      expected("constraints.accept", "true or false", answer instanceof Promise ? "a promise" : answer),
    );
  return answer;
}
