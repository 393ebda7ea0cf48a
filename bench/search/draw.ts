/** @file The curves of every controller as pictures. */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { contenders } from "./contenders.ts";
import { comparisonPng, spreadPng, type Curve } from "./curves.ts";
import { BUDGET, timedRuns } from "./nas-bench-101-section.ts";
import { runsOf } from "./runs.ts";
import type { Bench } from "./section.ts";

const QUERIES = 200;
const TITLES = { c10: "CIFAR-10", c100: "CIFAR-100" } as const;
const FOLDER = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));

async function write({ print }: Bench, name: string, png: Uint8Array): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}${name}`, png);
  print(`  docs/pictures/${name}`);
}

/** `200 seeds, 20 of those with a model`. */
function seedsText({ seeds, seedsOf }: Bench): string {
  const fewer = seedsOf("model-based").length;
  return `${seeds.length} seeds${fewer === seeds.length ? "" : `, ${fewer} with a model`}`;
}

/** Draws the curves on NAS-Bench-201. */
export async function drawReproduction(bench: Bench): Promise<void> {
  for (const data of bench.data) {
    const curves: Curve[] = [];
    for (const name of bench.controllers ?? Object.keys(contenders)) {
      // What it picks here is among the others.
      if (name === "auto") continue;
      const { problem, rows } = await runsOf(bench.seedsOf(name), {
        data,
        controller: name,
        iso: false,
        queries: QUERIES,
      });
      const best = problem.reward.reduce((a, b) => Math.max(a, b));
      curves.push({ name, runs: rows.map((read) => shortOf(best, problem.reward, read)) });
    }
    const page = {
      subtitle: `NAS-Bench-201, ${TITLES[data]}, 12-epoch validation; ${seedsText(bench)}`,
      x: "queries (distinct cells)",
      y: "percent points short of the table's best",
      xOf: (index: number) => index + 1,
    };
    await write(
      bench,
      `search-${data}.png`,
      comparisonPng(curves, { ...page, title: "Short of the best cell, on average" }),
    );
    await write(
      bench,
      `search-${data}-spread.png`,
      spreadPng(curves, { ...page, title: "Spread over searches: half of them, and four in five" }),
    );
  }
}

/** Draws the curves on NAS-Bench-101. */
export async function drawNasBench101(bench: Bench): Promise<void> {
  const runs = await timedRuns(bench);
  const grid = Array.from({ length: 200 }, (_, index) => ((index + 1) * BUDGET) / 200);
  const timed = [...runs].map(([name, results]) => ({
    name,
    runs: results.map(({ steps }) =>
      grid.map((seconds) => steps.findLast((step) => step.seconds <= seconds)?.regret ?? Infinity),
    ),
  }));
  const page = {
    subtitle: `NAS-Bench-101, 30,001 cells, CIFAR-10; ${seedsText(bench)}`,
    x: "simulated hours of training",
    y: "regret in percent points",
    xOf: (index: number) => (grid[index] ?? 0) / 3600,
  };
  await write(
    bench,
    "search-nas-bench-101.png",
    comparisonPng(timed, { ...page, title: "Regret of what a search would end with" }),
  );
}

/** After each query, by how much the best reward yet is short of the table's. A search that ended early keeps its last. */
function shortOf(best: number, reward: Float64Array, rows: readonly number[]): readonly number[] {
  let reached = -Infinity;
  return Array.from({ length: QUERIES }, (_, index) => {
    const row = rows[index];
    if (row !== undefined) reached = Math.max(reached, reward[row] as number);
    return best - reached;
  });
}
