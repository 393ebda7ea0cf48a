/** @file What every controller has reached after so many queries, without iso, beside what others' code did: in standard errors of the difference. */
import { contenders } from "./contenders.ts";
import { reachedAfter, type DataName, type Reached } from "./problem.ts";
import { published, type Published } from "./published.ts";
import { runsOf } from "./runs.ts";
import { judge, type Bench, type Verdict } from "./section.ts";
import { estimateOf, standardErrorOf, type Estimate } from "./statistics.ts";

const CHECKPOINTS = [50, 100, 150, 200, 300, 500, 1000];
/** Of those whose figures don't go further. */
const QUERIES = 200;
const KINDS = ["reached", "test", "top10"] as const;
/** Standard deviation of what rounding to hundredths took from others' figures. */
const ROUNDING = 0.01 / Math.sqrt(12);
/** Standard errors of the difference that a reproduction may be off by. */
const NEAR = 3;

interface Beside {
  readonly source: Published["source"];
  readonly figure: number;
  readonly seeds: number;
  readonly standardErrors: number;
}

export interface ReachedRow {
  readonly data: DataName;
  readonly controller: string;
  readonly queries: number;
  readonly iso: boolean;
  readonly seeds: number;
  readonly figures: Readonly<Record<keyof Reached, Estimate & { readonly beside: readonly Beside[] }>>;
}

/** Returns what these searches have reached on average, beside every figure there is of the same. */
export async function reachedRow(
  seeds: readonly number[],
  {
    data,
    controller,
    iso,
    queries,
  }: { readonly data: DataName; readonly controller: string; readonly iso: boolean; readonly queries: number },
  counts: readonly number[],
): Promise<readonly ReachedRow[]> {
  const { problem, rows } = await runsOf(seeds, { data, controller, iso, queries });
  // What `auto` picks for so many trials is the model.
  const names = controller === "auto" ? ["auto", "model-based"] : [controller];
  return counts.map((count) => {
    const results = rows.map((read) => reachedAfter(problem, read, count));
    const others = published.filter(
      (one) => names.includes(one.controller) && one.data === data && one.queries === count && one.iso === iso,
    );
    const cells = KINDS.map((kind) => {
      const own = results.map((result) => result[kind]);
      const estimate = estimateOf(own);
      const beside = others.flatMap((one): Beside[] => {
        const figure = one[kind];
        if (figure === undefined) return [];
        // Where the others' spread is not known it is taken to be ours.
        const deviation = one.deviation ?? standardErrorOf(own) * Math.sqrt(own.length);
        const error = Math.hypot(estimate.error, deviation / Math.sqrt(one.seeds), ROUNDING);
        return [{ source: one.source, figure, seeds: one.seeds, standardErrors: (estimate.mean - figure) / error }];
      });
      return { ...estimate, beside };
    });
    const [reached, test, top10] = cells as [(typeof cells)[number], (typeof cells)[number], (typeof cells)[number]];
    return {
      data,
      controller,
      queries: count,
      iso,
      seeds: seeds.length,
      figures: { reached, test, top10 },
    };
  });
}

/** Prints a row: mean ± standard error of each figure, what others have in brackets with the standard errors of the difference. */
export function printRow({ print }: Bench, { data, controller, queries, iso, figures }: ReachedRow): void {
  const cells = KINDS.map((kind) => {
    const { mean, error, beside } = figures[kind];
    const against = beside.map(
      ({ source, figure, standardErrors }) => ` (${source} ${figure}: ${standardErrors.toFixed(1)} s.e.)`,
    );
    return `${kind} ${mean.toFixed(3)} ±${error.toFixed(3)}${against.join("")}`;
  });
  print(
    `${data.padEnd(4)} ${controller.padEnd(20)} ${iso ? "iso" : "   "} ${String(queries).padStart(4)}  ${cells.join("  ")}`,
  );
}

/** Runs the section. */
export async function reproduction(bench: Bench): Promise<unknown> {
  const rows: ReachedRow[] = [];
  for (const data of bench.data)
    for (const controller of bench.controllers ?? Object.keys(contenders)) {
      const most = published
        .filter((one) => one.controller === controller && one.data === data && !one.iso)
        .reduce((most, { queries }) => Math.max(most, queries), QUERIES);
      const counts = CHECKPOINTS.filter((count) => count <= most);
      const own = await reachedRow(bench.seedsOf(controller), { data, controller, iso: false, queries: most }, counts);
      for (const row of own) printRow(bench, row);
      rows.push(...own);
    }
  const comparisons = rows.flatMap(({ data, controller, queries, figures }) =>
    KINDS.flatMap((kind) =>
      figures[kind].beside
        .filter(({ source }) => source === "recomputed")
        .map(({ standardErrors }) => ({ what: `${data} ${controller} ${queries} ${kind}`, standardErrors })),
    ),
  );
  const off = comparisons.filter(({ standardErrors }) => Math.abs(standardErrors) > NEAR);
  for (const { what, standardErrors } of off) bench.print(`  off: ${what} by ${standardErrors.toFixed(1)} s.e.`);
  const verdict: Verdict = judge(
    bench,
    `of ${comparisons.length} recomputed figures, further than ${NEAR} standard errors of the difference`,
    off.length,
    "at most",
    0,
  );
  return { rows, comparisons: comparisons.length, off, verdict };
}
