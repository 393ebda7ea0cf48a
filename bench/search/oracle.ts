/** @file How many queries it takes to find the best cell where the reward has next to no noise: the 200-epoch test accuracy. */
import { contenders } from "./contenders.ts";
import { optimaOf, search } from "./problem.ts";
import { problem } from "./runs.ts";
import { judge, type Bench, type Verdict } from "./section.ts";
import { estimateOf, written } from "./statistics.ts";

/** Mean queries that `auto` may need with isomorphic cells free. */
const ASKED = 38;
/** Of 15,625 rows; whoever has not found it then is counted as if it had, and said. */
const MOST = 2_000;

const CONTENDERS = [
  { controller: "auto", iso: true, published: { prototype: [38.9, 38.0] } },
  { controller: "auto", iso: false, published: { prototype: [41.1, 40.1] } },
  { controller: "local search, first", iso: true, published: { prototype: [57.6, 62.5] } },
  { controller: "local search, first", iso: false, published: { recomputed: [66.5, 67.8] } },
  {
    controller: "local search, best",
    iso: false,
    published: { recomputed: [122.6, 129.0], published: [undefined, 127] },
  },
  { controller: "evolution 30/10", iso: false, published: { recomputed: [158, 171] } },
] as const;

/** Runs the section, over 500 seeds where the others have 200. */
export async function oracle(bench: Bench): Promise<unknown> {
  const rows: unknown[] = [];
  const verdicts: Verdict[] = [];
  for (const data of bench.data) {
    const own = await problem(data, "test_200");
    for (const { controller, iso, published } of CONTENDERS) {
      if (bench.controllers?.includes(controller) === false) continue;
      const [first = 0] = bench.seeds;
      const most = Math.round(bench.seedsOf(controller).length * 2.5);
      const seeds = Array.from({ length: most }, (_, index) => first + index);
      const targets = optimaOf(own, iso);
      const counts = seeds.map((seed) => {
        const read = search(contenders[controller]!, own, { seed, queries: MOST, iso, targets });
        return { count: read.length, isFound: read.some((row) => targets.has(row)) };
      });
      const estimate = estimateOf(counts.map(({ count }) => count));
      const notFound = counts.filter(({ isFound }) => !isFound).length;
      const beside = Object.entries(published).map(([source, both]) => [source, both[data === "c10" ? 0 : 1]] as const);
      const text = beside.map(([source, figure]) => (figure === undefined ? "" : ` (${source} ${figure})`)).join("");
      bench.print(
        `${data.padEnd(4)} ${controller.padEnd(20)} ${iso ? "iso" : "   "} optimum after ${written(estimate, 1)} queries${text}${notFound === 0 ? "" : `; not found: ${notFound}`}`,
      );
      rows.push({
        data,
        controller,
        iso,
        seeds: seeds.length,
        ...estimate,
        notFound,
        published: Object.fromEntries(beside),
      });
      if (controller === "auto" && iso)
        verdicts.push(judge(bench, `auto ${data}, mean queries to the optimum, iso`, estimate.mean, "at most", ASKED));
    }
  }
  return { rows, verdicts };
}
