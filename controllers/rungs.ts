/** @file The rungs of asynchronous successive halving: what was measured after how many epochs, and which of it is good enough to go on. Schedulers are made of them. */
import { scoreOf } from "cellwright/search";
import type { FinishedTrial, Objective, Proposal } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { placeIn } from "./place-in.ts";

/** A trial at its rung. */
export interface RungEntry {
  readonly number: number;
  readonly genotype: Genotype;
  /** Larger is better; -Infinity for one that has none. */
  readonly score: number;
  /** False for one that ended early: it counts, but never goes on. */
  readonly mayGoOn: boolean;
}

export interface Rungs {
  /** Epochs of each rung, ascending. */
  readonly epochs: readonly number[];
  /** Returns the best trial of the highest rung that has one to promote, as the proposal of its next rung. */
  promotion(): Proposal | undefined;
  /** Takes in a trial that ended after as many epochs as a rung has. */
  add(epochs: number, entry: RungEntry): void;
  /** Takes note that a trial was gone on from. */
  promoted(number: number): void;
}

/** Returns a trial as an entry of its rung: a failed one counts there, and only one that is complete may go on. */
export function entryOf(trial: FinishedTrial, objectives: readonly Objective[]): RungEntry {
  const { number, state, proposal } = trial;
  const score = state === "failed" ? undefined : scoreOf(trial, objectives);
  const mayGoOn = state === "complete" && score !== undefined;
  return { number, genotype: proposal.genotype, score: score ?? -Infinity, mayGoOn };
}

/** Returns r, r eta, r eta² … up to R. */
export function epochsOfRungs({
  minEpochs,
  maxEpochs,
  eta,
}: {
  readonly minEpochs: number;
  readonly maxEpochs: number;
  readonly eta: number;
}): readonly number[] {
  const rungs = [minEpochs];
  for (let epochs = minEpochs * eta; epochs <= maxEpochs; epochs *= eta) rungs.push(epochs);
  return rungs;
}

/** Which of two entries is better comes first: the higher score, then the earlier trial. */
function byScore(a: RungEntry, b: RungEntry): number {
  return a.score === b.score ? a.number - b.number : b.score - a.score;
}

/** Returns how many of the sorted entries come before this one. */
function rankOf(entry: RungEntry, sorted: readonly RungEntry[]): number {
  return placeIn(sorted, (other) => byScore(other, entry) < 0);
}

/** One rung, best first: all that was measured there, and of it what may still go on. */
interface Rung {
  readonly all: RungEntry[];
  readonly waiting: RungEntry[];
}

/** Returns empty rungs. What is done to a rung of n entries costs log n comparisons. */
export function createRungs(epochs: readonly number[], eta: number): Rungs {
  const rungs = epochs.map((): Rung => ({ all: [], waiting: [] }));
  const promoted = new Set<number>();
  /** By trial, where it waits. */
  const places = new Map<number, { readonly rung: Rung; readonly entry: RungEntry }>();
  return {
    epochs,
    promotion() {
      for (let rung = epochs.length - 2; rung >= 0; rung--) {
        const { all, waiting } = rungs[rung] as Rung;
        const [entry] = waiting;
        if (entry !== undefined && rankOf(entry, all) < Math.floor(all.length / eta))
          return { genotype: entry.genotype, epochs: epochs[rung + 1] as number, continueFrom: entry.number };
      }
      return undefined;
    },
    add(after, entry) {
      const rung = rungs[epochs.indexOf(after)];
      if (rung === undefined) return;
      rung.all.splice(rankOf(entry, rung.all), 0, entry);
      if (!entry.mayGoOn || promoted.has(entry.number)) return;
      rung.waiting.splice(rankOf(entry, rung.waiting), 0, entry);
      places.set(entry.number, { rung, entry });
    },
    promoted(number) {
      promoted.add(number);
      const place = places.get(number);
      if (place === undefined) return;
      place.rung.waiting.splice(rankOf(place.entry, place.rung.waiting), 1);
      places.delete(number);
    },
  };
}

/** Returns the proposal as the controller within a scheduler made it. */
export function asProposed({ genotype, repeat }: Proposal): Proposal {
  return { genotype, ...(repeat !== undefined && { repeat }) };
}
