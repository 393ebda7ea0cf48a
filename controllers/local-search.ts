/**
 * @file Local search: White, Nolen and Savani, "Exploring the Loss Landscape in Neural Architecture Search", arXiv 2005.02960, algorithm 1. From a
 * random start, measure the neighbours (one decision changed) and go to a better one until none is; then start anew. No model and no
 * population, and yet hard to beat where the measurement has little noise.
 *
 * Where we differ or the paper is silent. What was measured before is not asked again: its score is remembered, over restarts too. Trials run
 * in parallel: neighbours are measured at once, and where all of them are in flight the next start is drawn ahead. A failed trial, and a pruned one
 * without a value, is worse than any other.
 */
import { changesOf, oneOf, resolveOptions, scoreOf, wholeNumber } from "cellwright/search";
import type { Change, Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { genotypeHash, type GenotypeHash } from "./genotype-hash.ts";
import { trialsOf, type Trial } from "./model-based/points.ts";

export interface LocalSearchOptions {
  /**
   * `first` goes to a better neighbour as soon as one is known, in random order; `best` measures the whole neighbourhood and goes to its best, as in
   * the paper's algorithm 1. Default `first`: on NAS-Bench-201 it finds the optimum with half the trials.
   */
  readonly improvement?: "first" | "best";
  /** Random genotypes measured before the first climb, which begins at the best of them. Default 1, the paper's. */
  readonly starts?: number;
}

const RULES: OptionRules<Required<LocalSearchOptions>> = {
  improvement: oneOf("first", ["first", "best"]),
  starts: wholeNumber(1, { min: 1 }),
};

/** How often a start is drawn again where it has been measured. */
const DRAWS = 100;

interface Measured {
  readonly genotype: Genotype;
  readonly text: string;
  readonly score: number;
}

/** Returns local search. Throws `config` naming each option that is wrong. An ask and a tell are linear in the neighbourhood, some numbers a neighbour: in NASNet's space far below a millisecond. */
export function localSearch(options: LocalSearchOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Required<LocalSearchOptions>>("localSearch", options, RULES);
  return {
    name: `local search (${resolved.improvement} improvement)`,
    options: { ...resolved },
    create: (context) => createLocalSearch(resolved, context),
  };
}

function createLocalSearch(
  { improvement, starts }: Required<LocalSearchOptions>,
  { space, rng, objectives }: ControllerContext,
): Controller {
  const trialOf = trialsOf(space);
  const hash = genotypeHash(space);
  /** Best score by genotype. */
  const known = new Map<string, number>();
  /** Hashes of what is known: what is not among them is not known, and needs no text to be looked up by. */
  const knownHashes = new Set<number>();
  const running = new Map<number, { readonly text: string; readonly isStart: boolean }>();
  /** Starts measured and not yet climbed from. */
  let waiting: Measured[] = [];
  let here: Measured | undefined;
  let around: Neighbourhood | undefined;
  let moves = 0;

  const goTo = (place: Measured): void => {
    here = place;
    const draw = rng.fork(`move/${moves++}`);
    const changes = draw.shuffle(changesOf(space, place.genotype, draw));
    around = neighbourhood(changes, hash, hash.of(place.genotype), trialOf);
    for (let i = 0; i < changes.length; i++) if (knownHashes.has(around.hashes[i]!)) around.learn(i, known);
  };
  const bestOf = (places: readonly Measured[]): Measured | undefined =>
    places.reduce<Measured | undefined>((best, place) => (best && best.score >= place.score ? best : place), undefined);

  /** Goes on as far as what is known leads: to a better neighbour, or from an optimum to the next start. */
  const settle = (): void => {
    for (;;) {
      if (here === undefined || around === undefined) {
        const start = waiting.length >= (moves === 0 ? starts : 1) ? bestOf(waiting) : undefined;
        if (start === undefined) return;
        waiting = moves === 0 ? [] : waiting.filter((place) => place !== start);
        goTo(start);
        continue;
      }
      const isComplete = around.isComplete();
      const best = isComplete || improvement === "first" ? around.best() : undefined;
      if (best !== undefined && best.score > here.score) goTo(best);
      else if (isComplete) here = around = undefined;
      else return;
    }
  };

  return {
    ask(number) {
      const inFlight = new Set([...running.values()].map(({ text }) => text));
      const isFresh = (text: string): boolean => !known.has(text) && !inFlight.has(text);
      const next = around?.firstUnknown(inFlight);
      if (next !== undefined) return { genotype: next };
      const draw = rng.fork(`ask/${number}`);
      let genotype = space.sample(draw);
      for (let i = 1; i < DRAWS && !isFresh(trialOf(genotype).text); i++) genotype = space.sample(draw);
      return { genotype };
    },
    tell(event) {
      if (event.kind === "started") {
        const { genotype } = event.proposal;
        const { text } = trialOf(genotype);
        const isStart = around === undefined || around.find(hash.of(genotype), text) === undefined;
        running.set(event.number, { text, isStart });
        return;
      }
      const { number, state, proposal } = event.trial;
      const { genotype } = proposal;
      const { text } = trialOf(genotype);
      const isStart = running.get(number)?.isStart ?? true;
      running.delete(number);
      const score = (state === "failed" ? undefined : scoreOf(event.trial, objectives)) ?? -Infinity;
      const isKnown = known.has(text);
      known.set(text, Math.max(score, known.get(text) ?? -Infinity));
      const key = hash.of(genotype);
      knownHashes.add(key);
      const place = around?.find(key, text);
      if (place !== undefined) around?.learn(place, known);
      if (isStart && !isKnown) waiting.push({ genotype, text, score });
      settle();
    },
  };
}

/** The neighbours of the place that is climbed from, in the order in which they are measured. */
interface Neighbourhood {
  readonly hashes: Float64Array;
  /** Returns the index of a genotype, if it is a neighbour. */
  find(hash: number, text: string): number | undefined;
  /** Takes a neighbour's score from what is known, if it is. */
  learn(index: number, known: ReadonlyMap<string, number>): void;
  isComplete(): boolean;
  /** Returns the best of those known, of equals the first. */
  best(): Measured | undefined;
  /** Returns the first that is neither known nor among these texts. */
  firstUnknown(inFlight: ReadonlySet<string>): Genotype | undefined;
}

/** Texts and genotypes are made only of those that are asked for or known: in NASNet's space there are hundreds, and a climb looks at few of them. */
function neighbourhood(
  changes: readonly Change[],
  hash: GenotypeHash,
  origin: number,
  trialOf: (genotype: Genotype) => Trial,
): Neighbourhood {
  const hashes = Float64Array.from(changes, ({ isAlone, path, from, to, genotype }) =>
    isAlone ? hash.changed(origin, path, from, to) : hash.of(genotype()),
  );
  const trials: Trial[] = [];
  const trialAt = (index: number): Trial => (trials[index] ??= trialOf(changes[index]!.genotype()));
  /** NaN for those not known. */
  const scores = new Float64Array(changes.length).fill(Number.NaN);
  let unknown = changes.length;
  return {
    hashes,
    find(wanted, text) {
      for (let i = 0; i < hashes.length; i++) if (hashes[i] === wanted && trialAt(i).text === text) return i;
      return undefined;
    },
    learn(index, known) {
      const score = known.get(trialAt(index).text);
      if (score === undefined) return;
      if (Number.isNaN(scores[index])) unknown--;
      scores[index] = score;
    },
    isComplete: () => unknown === 0,
    best() {
      let best = -1;
      for (let i = 0; i < scores.length; i++)
        if (!Number.isNaN(scores[i]) && (best < 0 || scores[i]! > scores[best]!)) best = i;
      return best < 0 ? undefined : { ...trialAt(best), score: scores[best]! };
    },
    firstUnknown(inFlight) {
      for (let i = 0; i < scores.length; i++)
        if (Number.isNaN(scores[i]) && !inFlight.has(trialAt(i).text)) return trialAt(i).genotype;
      return undefined;
    },
  };
}
