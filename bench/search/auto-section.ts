/** @file What `auto` reaches at 50 and 100 queries, isomorphic cells free and not, beside the prototype's and local search's. */
import { printRow, reachedRow, type ReachedRow } from "./reproduction.ts";
import { judge, type Bench, type Verdict } from "./section.ts";

const ASKED = [
  { iso: true, queries: 50, c10: 84.7, c100: 61.05 },
  { iso: true, queries: 100, c10: 84.88, c100: 61.3 },
  { iso: false, queries: 100, c10: 84.83, c100: 61.25 },
] as const;

/** Runs the section. */
export async function autoSection(bench: Bench): Promise<unknown> {
  const rows: ReachedRow[] = [];
  for (const data of bench.data)
    for (const [controller, iso] of [
      ["auto", true],
      ["auto", false],
      ["local search, first", true],
    ] as const) {
      const own = await reachedRow(bench.seedsOf(controller), { data, controller, iso, queries: 100 }, [50, 100]);
      for (const row of own) printRow(bench, row);
      rows.push(...own);
    }
  const verdicts = ASKED.flatMap((asked) =>
    bench.data.map((data): Verdict => {
      const row = rows.find(
        (one) =>
          one.controller === "auto" && one.data === data && one.iso === asked.iso && one.queries === asked.queries,
      )!;
      const what = `auto ${data}, ${asked.queries} queries${asked.iso ? ", iso" : ""}`;
      return judge(bench, what, row.figures.reached.mean, "at least", asked[data]);
    }),
  );
  return { rows, verdicts };
}
