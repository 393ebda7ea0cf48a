/**
 * @file What the model-based controller was told, in order of standing. A scheduler trains a candidate for longer and longer; it stays one observation, whose standing is that of
 * its longest training: the longer trained stands before the shorter, as it was picked from among those, and of equal length the better score before the worse. So
 * values after different numbers of epochs are never compared, and what is known of the longest trainings decides, as in BOHB (Falkner, Klein and Hutter 2018, arXiv
 * 1807.01774, section 3.2: the model of the largest budget that has enough results); ordered so, those of the shorter still count, as for Optuna's TPE those of pruned trials do.
 */
import { scoreOf } from "cellwright/search";
import type { ControllerEvent, FinishedTrial, Objective } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { placeIn } from "../place-in.ts";
import { lastOfSeries } from "./candidates.ts";
import { rankScores } from "./improvement.ts";
import type { Trial } from "./points.ts";
import { trainingSet } from "./training-set.ts";

/** How far a trial got. */
interface Standing {
  /** 0 where the evaluator's own length was taken, and for a failed trial. */
  readonly epochs: number;
  /** -Infinity for a failed one. */
  readonly score: number;
}

/** What hyperparameters are fitted to. */
export interface Lesson {
  /** Results told by then. */
  readonly count: number;
  readonly trials: readonly Trial[];
  /** See `rankScores`. */
  readonly values: Float64Array;
}

export interface History {
  /** In the order of their first results. */
  readonly observations: readonly Trial[];
  /** Indices of the observations, the best first. */
  readonly order: readonly number[];
  /** In flight for the first time, by number. */
  readonly running: ReadonlyMap<number, Trial>;
  /** Of all that was started. */
  readonly texts: ReadonlySet<string>;
  /** Of the last number of results at which hyperparameters are fitted: `starts`, then each a tenth more. */
  readonly lesson: Lesson | undefined;
  tell(event: ControllerEvent): void;
  /** Returns the standings of the observations at `indices` on a scale of ranks among all, see `rankScores`. */
  values(indices: readonly number[]): Float64Array;
}

/** Returns an empty history. `fitted`: to how many trials hyperparameters are fitted at most. A tell is a search in the order, and a move of memory. */
export function createHistory(
  trialOf: (genotype: Genotype) => Trial,
  objectives: readonly Objective[],
  { starts, fitted }: { readonly starts: number; readonly fitted: number },
): History {
  const observations: Trial[] = [];
  const standings: Standing[] = [];
  const order: number[] = [];
  const running = new Map<number, Trial>();
  const texts = new Set<string>();
  /** By trial, its observation. */
  const indexOf = new Map<number, number>();
  /** By trial in flight, the one that it goes on from. */
  const continued = new Map<number, number>();
  let lesson: Lesson | undefined;
  let results = 0;

  /** Puts an observation where it belongs among all others. */
  const place = (index: number): void => {
    const isBefore = (other: number): boolean => (compare(standings[other]!, standings[index]!) || other - index) <= 0;
    order.splice(placeIn(order, isBefore), 0, index);
  };
  const observe = (trial: FinishedTrial): number => {
    const known = indexOf.get(continued.get(trial.number) ?? trial.proposal.continueFrom ?? trial.number);
    const standing = standingOf(trial, objectives);
    if (known === undefined) {
      observations.push(running.get(trial.number) ?? trialOf(trial.proposal.genotype));
      return standings.push(standing) - 1;
    }
    order.splice(order.indexOf(known), 1);
    standings[known] = standing;
    return known;
  };
  const values = (indices: readonly number[]): Float64Array => {
    // Equal standings share a place.
    const places = standings.map(() => 0);
    for (let at = 1, place = 0; at < order.length; at++) {
      if (compare(standings[order[at - 1]!]!, standings[order[at]!]!) !== 0) place = -at;
      places[order[at]!] = place;
    }
    return rankScores(places, indices, order);
  };

  return {
    observations,
    order,
    running,
    texts,
    get lesson() {
      return lesson;
    },
    values,
    tell(event) {
      if (event.kind === "started") {
        const { number, proposal } = event;
        const trial = trialOf(proposal.genotype);
        texts.add(trial.text);
        if (proposal.continueFrom !== undefined && indexOf.has(proposal.continueFrom))
          continued.set(number, proposal.continueFrom);
        else running.set(number, trial);
        return;
      }
      const { number } = event.trial;
      const index = observe(event.trial);
      indexOf.set(number, index);
      place(index);
      running.delete(number);
      continued.delete(number);
      results++;
      if (lastOfSeries(results, starts) !== results) return;
      // Taken now, as what is observed may be trained for longer later: a replay learns the same.
      const chosen = trainingSet(observations.length, order, fitted);
      lesson = { count: results, trials: chosen.map((at) => observations[at]!), values: values(chosen) };
    },
  };
}

function standingOf(trial: FinishedTrial, objectives: readonly Objective[]): Standing {
  const score = trial.state === "failed" ? undefined : scoreOf(trial, objectives);
  return score === undefined ? { epochs: 0, score: -Infinity } : { epochs: trial.proposal.epochs ?? 0, score };
}

/** Returns less than 0 where `a` stands before `b`. */
function compare(a: Standing, b: Standing): number {
  return b.epochs - a.epochs || (a.score === b.score ? 0 : b.score - a.score);
}
