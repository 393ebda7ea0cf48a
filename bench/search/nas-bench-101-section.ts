/** @file Regret on NAS-Bench-101's table after 192,500 simulated seconds of training, about 100 of full length. */
import { agingEvolution, localSearch, modelBased, random, successiveHalving } from "cellwright/controllers";
import type { ControllerDefinition } from "cellwright/search";
import { judge, type Bench } from "./section.ts";
import { errorsBetween, estimateOf, meanOf, written, type Estimate } from "./statistics.ts";
import { readTableSpace } from "./table-space.ts";
import { timedSearch, type TimedSearch } from "./training-time.ts";

export const BUDGET = 192_500;

const evolution = agingEvolution({ populationSize: 30, sampleSize: 10, identityProbability: 0 });
/** The table's four lengths are its rungs. */
const byHalving = (inner: ControllerDefinition): ControllerDefinition =>
  successiveHalving(inner, { minEpochs: 4, maxEpochs: 108, eta: 3 });

const CONTENDERS: Readonly<Record<string, ControllerDefinition>> = {
  random: random(),
  evolution,
  "local search, first": localSearch(),
  "model-based": modelBased(),
  "ASHA over random": byHalving(random()),
  "ASHA over evolution": byHalving(evolution),
  "ASHA over model-based": byHalving(modelBased()),
};

/** What an earlier trial gave. */
const EARLIER: Readonly<Record<string, number>> = { random: 0.511, evolution: 0.361 };

const kept = new Map<string, readonly TimedSearch[]>();

/** Returns the searches of each contender, made once. */
export async function timedRuns(bench: Bench): Promise<ReadonlyMap<string, readonly TimedSearch[]>> {
  const space = await readTableSpace();
  for (const [name, definition] of Object.entries(CONTENDERS)) {
    if (kept.has(name) || bench.controllers?.includes(name) === false) continue;
    kept.set(
      name,
      bench.seedsOf(definition).map((seed) => timedSearch(definition, space, { seed, budget: BUDGET })),
    );
  }
  return kept;
}

/** Runs the section. */
export async function nasBench101Section(bench: Bench): Promise<unknown> {
  const runs = await timedRuns(bench);
  const estimates: Record<string, Estimate> = {};
  const rows = [...runs].map(([controller, results]) => {
    const estimate = (estimates[controller] = estimateOf(results.map(({ regret }) => regret)));
    const trainings = Object.fromEntries(
      [4, 12, 36, 108].map((epochs) => [epochs, meanOf(results.map((result) => result.trainings[epochs] ?? 0))]),
    );
    const refused = meanOf(results.map((result) => result.refused));
    const lengths = Object.entries(trainings).flatMap(([epochs, count]) =>
      count > 0 ? [`${count.toFixed(0)} of ${epochs}`] : [],
    );
    const earlier = EARLIER[controller] === undefined ? "" : ` (a trial ${EARLIER[controller]})`;
    bench.print(
      `${controller.padEnd(22)} regret ${written(estimate)}${earlier}  trainings ${lengths.join(", ")} epochs  refused ${refused.toFixed(0)}`,
    );
    return { controller, seeds: results.length, ...estimate, trainings, refused };
  });
  const { random: chance, evolution: evolved, "model-based": full, "ASHA over model-based": halved } = estimates;
  const verdicts = [
    ...(chance && halved
      ? [
          judge(
            bench,
            "regret of ASHA over model-based, as a share of random's",
            halved.mean / chance.mean,
            "at most",
            0.5,
          ),
        ]
      : []),
    ...(evolved && full
      ? [
          judge(
            bench,
            "evolution's regret less model-based's, in standard errors",
            errorsBetween(evolved, full),
            "above",
            2,
          ),
        ]
      : []),
  ];
  return { budget: BUDGET, rows, verdicts };
}
