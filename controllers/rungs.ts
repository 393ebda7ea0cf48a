/** @file The rungs of asynchronous successive halving: what was measured after how many epochs, and which of it is good enough to go on. Schedulers are made of them. */
import { scoreOf } from "cellwright/search";
import type { FinishedTrial, Objective, Proposal } from "cellwright/search";
import type { Genotype } from "cellwright/space";

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

/** Returns empty rungs. A promotion costs a sort of each. */
export function createRungs(epochs: readonly number[], eta: number): Rungs {
  const rungs: RungEntry[][] = epochs.map(() => []);
  const promoted = new Set<number>();
  return {
    epochs,
    promotion() {
      for (let rung = epochs.length - 2; rung >= 0; rung--) {
        const entries = rungs[rung] as readonly RungEntry[];
        const best = entries
          .toSorted((a, b) => (a.score === b.score ? a.number - b.number : b.score - a.score))
          .slice(0, Math.floor(entries.length / eta));
        const entry = best.find(({ number, mayGoOn }) => mayGoOn && !promoted.has(number));
        if (entry !== undefined)
          return { genotype: entry.genotype, epochs: epochs[rung + 1] as number, continueFrom: entry.number };
      }
      return undefined;
    },
    add: (after, entry) => void rungs[epochs.indexOf(after)]?.push(entry),
    promoted: (number) => void promoted.add(number),
  };
}

/** Returns the proposal as the controller within a scheduler made it. */
export function asProposed({ genotype, repeat }: Proposal): Proposal {
  return { genotype, ...(repeat !== undefined && { repeat }) };
}
