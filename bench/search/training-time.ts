/**
 * @file Searches of NAS-Bench-101's table by simulated training time: a trial of e epochs takes e/108 of its cell's published training time, and every rung pays
 * its full training, from the first epoch, whether or not the cell was trained shorter before. A training that was made before is answered from the
 * stored result at no cost, as a study does; one that would end after the budget does not count.
 */
import { createRng } from "cellwright/base";
import { columnOf, nasBench101Epochs } from "cellwright/evaluators";
import { simulate, type ControllerDefinition } from "cellwright/search";
import type { TableSpace } from "./table-space.ts";

/** Epochs of the longest training. */
const FULL = 108;
/** A controller that has settled asks for what is stored for ever: so many trials are the end. */
const MOST_TRIALS = 20_000;

export interface TimedSearch {
  /** After so many simulated seconds the search would end with a cell of this regret, in percent points: one entry a change. */
  readonly steps: readonly { readonly seconds: number; readonly regret: number }[];
  /** Regret at the end. */
  readonly regret: number;
  /** Trainings by epochs. */
  readonly trainings: Readonly<Record<number, number>>;
  /** Changes that led to no cell of the table. */
  readonly refused: number;
}

/**
 * Runs a search of `budget` simulated seconds, one training at a time. What it would end with is the cell of best accuracy at the longest training that any
 * has had; regret is what that cell's accuracy after 108 epochs is short of the table's best.
 */
export function timedSearch(
  definition: ControllerDefinition,
  { space, table, rowOf, takeRefused }: TableSpace,
  { seed, budget }: { readonly seed: number; readonly budget: number },
): TimedSearch {
  const times = columnOf(table, "train_time_s");
  const accuracyAt = new Map(nasBench101Epochs.map((epochs) => [epochs as number, columnOf(table, `val_${epochs}`)]));
  const final = columnOf(table, `val_${FULL}`);
  const optimum = final.reduce((a, b) => Math.max(a, b));
  const controller = definition.create({
    space,
    objectives: [{ name: "accuracy", direction: "maximize" }],
    rng: createRng(`bench/${seed}`),
  });
  const stored = new Set<string>();
  const trainings: Record<number, number> = {};
  const steps: { seconds: number; regret: number }[] = [];
  let seconds = 0;
  let best = { epochs: 0, accuracy: 0 };
  takeRefused();
  let refused = 0;
  simulate(controller, {
    trials: MOST_TRIALS,
    rng: createRng(`order/${seed}`),
    outcome(_, { genotype, epochs = FULL }) {
      const row = rowOf(genotype);
      const accuracy = row === undefined ? undefined : accuracyAt.get(epochs)?.[row];
      if (row === undefined || accuracy === undefined) {
        refused++;
        return { state: "failed", reason: "not in the table" };
      }
      const key = `${row}/${epochs}`;
      if (!stored.has(key)) seconds += ((times[row] as number) * epochs) / FULL;
      if (!stored.has(key) && seconds <= budget) {
        trainings[epochs] = (trainings[epochs] ?? 0) + 1;
        if (epochs > best.epochs || (epochs === best.epochs && accuracy > best.accuracy)) {
          best = { epochs, accuracy };
          steps.push({ seconds, regret: (optimum - (final[row] as number)) * 100 });
        }
      }
      stored.add(key);
      return { state: "complete", values: [accuracy] };
    },
    until: () => seconds >= budget,
  });
  return { steps, regret: steps.at(-1)?.regret ?? Infinity, trainings, refused: refused + takeRefused() };
}
