/**
 * @file Accuracy against latency on NAS-Bench-201's table: how much of both a search of so many distinct rows finds, as the hypervolume of what it read. The
 * reference point is the table's worst accuracy and its worst latency, and both objectives are divided by their extents in the table, so that 1 is a network
 * as accurate as the best and as quick as the quickest.
 */
import { createRng } from "cellwright/base";
import { columnOf, countQueries, type ResultTable } from "cellwright/evaluators";
import { hypervolumeShare, objectiveBox, simulate, type ControllerDefinition, type Objective } from "cellwright/search";
import { nasBench201 } from "cellwright/spaces";
import { keyOf } from "./problem.ts";

/**
 * Five of the table's 27 devices that are as unlike each other as they come: a graphics card and a server's processor at batch 1, a phone, a single-board computer, and an
 * accelerator made for convolutions. Those left out are relatives of these, or measured in whole milliseconds.
 */
export const devices = ["1080ti_1", "gold_6226", "pixel3", "raspi4", "eyeriss"] as const;

const objectives = [
  { name: "accuracy", direction: "maximize" },
  { name: "latencyMs", direction: "minimize" },
] as const satisfies readonly Objective[];
const directions = objectives.map(({ direction }) => direction);
/** A controller that has settled asks for the same rows for ever. */
const TRIALS_PER_QUERY = 50;

export interface LatencyProblem {
  readonly table: ResultTable;
  /** By row. */
  readonly points: readonly (readonly [accuracy: number, latency: number])[];
}

/** Returns the problem: an accuracy column, and the latency that the table was read with. */
export function latencyProblem(table: ResultTable, accuracy: string): LatencyProblem {
  const [accuracies, latencies] = [columnOf(table, accuracy), columnOf(table, "latency_ms")];
  return { table, points: table.keys.map((_, row) => [accuracies[row]!, latencies[row]!] as const) };
}

/** Returns the rows that a search has read, in order. */
export function searchFront(
  definition: ControllerDefinition,
  { table, points }: LatencyProblem,
  { seed, queries }: { readonly seed: number; readonly queries: number },
): readonly number[] {
  const counter = countQueries(table);
  const controller = definition.create({ space: nasBench201, objectives, rng: createRng(`bench/${seed}`) });
  simulate(controller, {
    trials: queries * TRIALS_PER_QUERY,
    rng: createRng(`order/${seed}`),
    outcome(_, { genotype }) {
      const answer = counter.read(keyOf(genotype));
      if (answer === undefined) return { state: "failed", reason: "not in the table" };
      return { state: "complete", values: points[answer.row]! };
    },
    until: () => counter.count >= queries,
  });
  return counter.rows;
}

/** Returns the hypervolume of these rows, from 0 to 1. */
export function hypervolumeOf({ points }: LatencyProblem, rows: readonly number[]): number {
  const box = objectiveBox(points, directions)!;
  return hypervolumeShare(
    rows.map((row) => points[row]!),
    directions,
    box,
  );
}
