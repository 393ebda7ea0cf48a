/** @file Hypervolume of accuracy against latency after 200 queries, on five devices. */
import { expectedHypervolume, nsga2, random } from "cellwright/controllers";
import { findNasBench201, readNasBench201 } from "cellwright/evaluators";
import type { ControllerDefinition } from "cellwright/search";
import { devices, hypervolumeOf, latencyProblem, searchFront } from "./latency.ts";
import { judge, type Bench, type Verdict } from "./section.ts";
import { errorsBetween, estimateOf, written, type Estimate } from "./statistics.ts";

const CONTENDERS: Readonly<Record<string, ControllerDefinition>> = {
  random: random(),
  "NSGA-II": nsga2(),
  "expected hypervolume": expectedHypervolume(),
};
const CHECKPOINTS = [50, 100, 200];
const QUERIES = 200;

/** Runs the section. */
export async function latencySection(bench: Bench): Promise<unknown> {
  const rows: unknown[] = [];
  const verdicts: Verdict[] = [];
  for (const device of devices) {
    const problem = latencyProblem(await readNasBench201(findNasBench201(), device), "c10_val_12");
    const whole = hypervolumeOf(problem, [...problem.points.keys()]);
    const last: Record<string, Estimate> = {};
    for (const [controller, definition] of Object.entries(CONTENDERS)) {
      if (bench.controllers?.includes(controller) === false) continue;
      const seeds = bench.seedsOf(definition);
      const runs = seeds.map((seed) => searchFront(definition, problem, { seed, queries: QUERIES }));
      const figures = CHECKPOINTS.map((count) => ({
        queries: count,
        ...estimateOf(runs.map((read) => hypervolumeOf(problem, read.slice(0, count)))),
      }));
      last[controller] = figures.at(-1)!;
      const text = figures.map((figure) => `${figure.queries}: ${written(figure, 4)}`).join("  ");
      bench.print(
        `${device.padEnd(10)} ${controller.padEnd(10)} hypervolume after ${text} (the whole table ${whole.toFixed(4)})`,
      );
      rows.push({ device, controller, seeds: seeds.length, figures, whole });
    }
    const { "NSGA-II": plain, "expected hypervolume": best } = last;
    if (plain && best)
      verdicts.push(
        judge(
          bench,
          `${device}: expected hypervolume's hypervolume above NSGA-II's, in standard errors`,
          errorsBetween(best, plain),
          "above",
          2,
        ),
      );
  }
  return { rows, verdicts };
}
