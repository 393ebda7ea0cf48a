/** @file What the live view shows, as data: events in, a state out. No clock, no terminal. */
import type { Objective } from "../../search/controller.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import type { StudyEvent, StudyFacts } from "../../study/events.ts";

export interface BestTrial {
  readonly trial: number;
  readonly value: number;
  readonly params?: number;
  readonly macs?: number;
}

interface RunningTrial {
  readonly attempt: number;
  /** 0 to 1. */
  readonly fraction: number;
  readonly imagesTrained: number;
}

/** Images trained by all workers until a moment. */
interface RateSample {
  readonly atMs: number;
  readonly images: number;
}

export interface RetrainProgress {
  readonly trial: number;
  /** Name of the baseline that is trained instead. */
  readonly baseline?: string;
  readonly epoch: number;
  readonly epochs: number;
  readonly value?: number;
}

export interface LiveState {
  readonly name: string;
  readonly facts: StudyFacts;
  /** What trials run on, as soon as one has said so. */
  readonly engine?: string;
  readonly objective: Objective;
  readonly phase: "searching" | "stopping" | "done" | "retraining";
  readonly complete: number;
  readonly pruned: number;
  readonly failed: number;
  readonly duplicates: number;
  readonly running: ReadonlyMap<number, RunningTrial>;
  readonly best?: BestTrial;
  /** Best value after each finished trial. */
  readonly history: readonly number[];
  /** When this run began, and the searching of earlier runs. */
  readonly beganMs: number;
  readonly earlierMs: number;
  readonly finishedHere: number;
  readonly samples: readonly RateSample[];
  readonly imagesTrained: number;
  readonly retrains: ReadonlyMap<number, RetrainProgress>;
  readonly retrainsDone: number;
  readonly retrainsTotal: number;
}

/** Rates are measured over this long. */
const RATE_WINDOW_MS = 12_000;

/** Returns the state before the first event: what earlier runs left, counted. */
export function beginLive(
  name: string,
  facts: StudyFacts,
  objective: Objective,
  earlier: { readonly trials: readonly TrialRecord[]; readonly elapsedMs: number },
  nowMs: number,
): LiveState {
  let state: LiveState = {
    name,
    facts,
    objective,
    phase: "searching",
    complete: 0,
    pruned: 0,
    failed: 0,
    duplicates: 0,
    running: new Map(),
    history: [],
    beganMs: nowMs,
    earlierMs: earlier.elapsedMs,
    finishedHere: 0,
    samples: [],
    imagesTrained: 0,
    retrains: new Map(),
    retrainsDone: 0,
    retrainsTotal: 0,
  };
  const finished = earlier.trials.filter((trial) => trial.state !== "running");
  for (const trial of finished.toSorted((a, b) => (a.finishedMs ?? 0) - (b.finishedMs ?? 0)))
    state = withFinished(state, trial);
  const engine = finished.findLast((trial) => trial.metrics.engine !== undefined)?.metrics.engine;
  return { ...state, finishedHere: 0, ...(engine !== undefined && { engine }) };
}

/** Returns the state after an event. */
export function applyEvent(state: LiveState, event: StudyEvent, nowMs: number): LiveState {
  switch (event.kind) {
    case "trial-started":
      return { ...state, running: withEntry(state.running, event.trial.number, fresh(0)) };
    case "trial-step":
      return event.step.metrics.engine === undefined ? state : { ...state, engine: event.step.metrics.engine };
    case "trial-retried":
      return { ...state, running: withEntry(state.running, event.number, fresh(event.attempt)) };
    case "trial-finished":
      return withFinished({ ...state, running: withoutEntry(state.running, event.trial.number) }, event.trial);
    case "heartbeat":
      return withBeat(state, event.beat, nowMs);
    case "stopping":
      return { ...state, phase: "stopping" };
    case "study-finished":
      return { ...state, phase: "done", running: new Map() };
    case "retrain-started":
      return {
        ...state,
        // One that begins while the search's last trials run does not end the search.
        phase: state.phase === "stopping" ? "stopping" : "retraining",
        retrainsTotal: event.of,
        retrains: withEntry(state.retrains, event.trial, {
          ...retrainedOf(event),
          epoch: 0,
          epochs: event.epochs,
        }),
      };
    case "retrain-step": {
      const value = event.values[0];
      const progress = {
        ...retrainedOf(event),
        epoch: event.epoch,
        epochs: event.epochs,
        ...(value !== undefined && { value }),
      };
      return { ...state, retrains: withEntry(state.retrains, event.trial, progress) };
    }
    case "retrain-finished":
      return {
        ...state,
        retrains: withoutEntry(state.retrains, event.trial),
        running: withoutEntry(state.running, event.trial),
        retrainsDone: state.retrainsDone + 1,
      };
    default:
      return state;
  }
}

type Retrained = Pick<RetrainProgress, "trial" | "baseline">;

function retrainedOf({ trial, baseline }: Retrained): Retrained {
  return { trial, ...(baseline !== undefined && { baseline }) };
}

/** Returns what a retraining trains: `trial 44`, or the baseline's name. */
export function retrainedName({ trial, baseline }: Retrained): string {
  return baseline ?? `trial ${trial}`;
}

/** Trials that count against the budget. */
export function finishedTrials(state: LiveState): number {
  return state.complete + state.pruned + state.failed + state.duplicates;
}

/** Training images per second over the last seconds, or undefined before there is anything to go by. */
export function imagesPerSecond(state: LiveState, nowMs: number): number | undefined {
  const recent = state.samples.filter((sample) => nowMs - sample.atMs <= RATE_WINDOW_MS);
  const first = recent[0];
  const last = recent.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 1_000) return undefined;
  return ((last.images - first.images) / (last.atMs - first.atMs)) * 1_000;
}

/** How much of the budget is spent, 0 to 1, or undefined without one. */
export function budgetFraction(state: LiveState, nowMs: number): number | undefined {
  const { trials, hours } = state.facts.budget;
  const shares = [
    ...(trials === undefined ? [] : [(finishedTrials(state) + partsRunning(state)) / trials]),
    ...(hours === undefined ? [] : [elapsedMs(state, nowMs) / (hours * 3_600_000)]),
  ];
  return shares.length === 0 ? undefined : Math.min(1, Math.max(...shares));
}

/** Milliseconds until the budget is spent, or undefined where that can't be known yet. */
export function remainingMs(state: LiveState, nowMs: number): number | undefined {
  const { trials, hours } = state.facts.budget;
  const ends: number[] = [];
  if (hours !== undefined) ends.push(Math.max(0, hours * 3_600_000 - elapsedMs(state, nowMs)));
  if (trials !== undefined) {
    const done = state.finishedHere + partsRunning(state);
    const left = Math.max(0, trials - finishedTrials(state) - partsRunning(state));
    if (done >= 0.25) ends.push(((nowMs - state.beganMs) / done) * left);
  }
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Wall time of searching, earlier runs included. */
export function elapsedMs(state: LiveState, nowMs: number): number {
  return state.earlierMs + nowMs - state.beganMs;
}

/** Trials of the search that run: what is retrained besides does not count. */
export function trialsRunning(state: LiveState): readonly RunningTrial[] {
  return [...state.running].filter(([trial]) => !state.retrains.has(trial)).map(([, running]) => running);
}

function partsRunning(state: LiveState): number {
  return trialsRunning(state).reduce((sum, { fraction }) => sum + fraction, 0);
}

function fresh(attempt: number): RunningTrial {
  return { attempt, fraction: 0, imagesTrained: 0 };
}

function withFinished(state: LiveState, trial: TrialRecord): LiveState {
  const value = trial.values?.[0];
  const isDuplicate = trial.duplicateOf !== undefined;
  const better =
    trial.state === "complete" &&
    value !== undefined &&
    (state.best === undefined ||
      (state.objective.direction === "minimize" ? value < state.best.value : value > state.best.value));
  const { params, macs } = trial.metrics;
  const best = better
    ? { trial: trial.number, value, ...(params !== undefined && { params }), ...(macs !== undefined && { macs }) }
    : state.best;
  return {
    ...state,
    complete: state.complete + (trial.state === "complete" && !isDuplicate ? 1 : 0),
    pruned: state.pruned + (trial.state === "pruned" && !isDuplicate ? 1 : 0),
    failed: state.failed + (trial.state === "failed" && !isDuplicate ? 1 : 0),
    duplicates: state.duplicates + (isDuplicate ? 1 : 0),
    finishedHere: state.finishedHere + 1,
    ...(best !== undefined && { best, history: [...state.history, best.value] }),
  };
}

function withBeat(
  state: LiveState,
  beat: Extract<StudyEvent, { kind: "heartbeat" }>["beat"],
  nowMs: number,
): LiveState {
  const before = state.running.get(beat.trial) ?? fresh(beat.attempt);
  // A beat of an attempt that has died since says nothing any more.
  if (beat.attempt < before.attempt) return state;
  const gained = Math.max(0, beat.imagesTrained - (beat.attempt === before.attempt ? before.imagesTrained : 0));
  const imagesTrained = state.imagesTrained + gained;
  const samples = [
    ...state.samples.filter((sample) => nowMs - sample.atMs <= RATE_WINDOW_MS),
    { atMs: nowMs, images: imagesTrained },
  ];
  const entry = {
    attempt: beat.attempt,
    fraction: Math.min(1, Math.max(0, beat.fraction)),
    imagesTrained: beat.imagesTrained,
  };
  return { ...state, imagesTrained, samples, running: withEntry(state.running, beat.trial, entry) };
}

function withEntry<T>(map: ReadonlyMap<number, T>, key: number, value: T): ReadonlyMap<number, T> {
  return new Map(map).set(key, value);
}

function withoutEntry<T>(map: ReadonlyMap<number, T>, key: number): ReadonlyMap<number, T> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
