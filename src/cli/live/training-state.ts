/** @file What the live view of a training shows, as data: events in, a state out. No clock, no terminal. */
import type { EpochSummary } from "../../training/index.ts";
import type { TrainingEvent } from "../../study/training/events.ts";

export interface TrainingState {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly history: readonly EpochSummary[];
  /** The epoch that runs, from 1; its steps done, and sums over those seen here. */
  readonly epoch: number;
  readonly steps: number;
  readonly lossSum: number;
  readonly correct: number;
  readonly seen: number;
  /** 0 to 1 of the whole training, now and when this run began. */
  readonly fraction: number;
  readonly beganFraction: number;
  readonly beganMs: number;
  /** Images trained here until a moment. */
  readonly images: number;
  readonly samples: readonly { readonly atMs: number; readonly images: number }[];
  /** While the trained network is tested: images done and of how many. */
  readonly testing?: { readonly done: number; readonly of: number };
  readonly isStopping: boolean;
}

/** Rates are measured over this long. */
const RATE_WINDOW_MS = 12_000;
/** Samples are taken this far apart: a small network makes a thousand steps a second. */
const SAMPLE_MS = 200;

export interface TrainingStart {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly history: readonly EpochSummary[];
  /** Steps done of the epoch after. */
  readonly steps: number;
}

/** Returns the state before the first event. */
export function beginTraining({ epochs, stepsPerEpoch, history, steps }: TrainingStart, nowMs: number): TrainingState {
  const fraction = (history.length + steps / stepsPerEpoch) / epochs;
  return {
    epochs,
    stepsPerEpoch,
    history,
    epoch: Math.min(epochs, history.length + 1),
    steps,
    lossSum: 0,
    correct: 0,
    seen: 0,
    fraction,
    beganFraction: fraction,
    beganMs: nowMs,
    images: 0,
    samples: [{ atMs: nowMs, images: 0 }],
    isStopping: false,
  };
}

/** Returns the state after an event. */
export function applyTrainingEvent(state: TrainingState, event: TrainingEvent, nowMs: number): TrainingState {
  switch (event.kind) {
    case "step": {
      const { loss, size, correct, step, epoch } = event.figures;
      const isNew = epoch !== state.epoch;
      const images = state.images + size;
      const last = state.samples.at(-1);
      const isDue = last === undefined || nowMs - last.atMs >= SAMPLE_MS;
      return {
        ...state,
        epoch,
        steps: step + 1 - (epoch - 1) * state.stepsPerEpoch,
        lossSum: (isNew ? 0 : state.lossSum) + loss * size,
        correct: (isNew ? 0 : state.correct) + correct,
        seen: (isNew ? 0 : state.seen) + size,
        images,
        ...(isDue && {
          samples: [...state.samples.filter(({ atMs }) => nowMs - atMs <= RATE_WINDOW_MS), { atMs: nowMs, images }],
        }),
      };
    }
    case "epoch":
      return {
        ...state,
        history: [...state.history, event.summary],
        epoch: Math.min(state.epochs, event.summary.epoch + 1),
        ...(event.summary.epoch < state.epochs && { steps: 0, lossSum: 0, correct: 0, seen: 0 }),
        // Evaluating trains nothing: its time is left out of the rate.
        samples: [],
      };
    case "progress":
      return { ...state, fraction: event.fraction };
    case "testing":
      return { ...state, testing: { done: event.done, of: event.of }, fraction: 1 };
    case "checkpoint":
      return state;
    default:
      return state;
  }
}

/** Training images per second over the last seconds, or undefined before there is anything to go by. */
export function trainingRate(state: TrainingState, nowMs: number): number | undefined {
  const recent = state.samples.filter(({ atMs }) => nowMs - atMs <= RATE_WINDOW_MS);
  const [first] = recent;
  const last = recent.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 1_000) return undefined;
  return ((last.images - first.images) / (last.atMs - first.atMs)) * 1_000;
}

/** Milliseconds until the training ends, or undefined where that can't be known yet. */
export function trainingLeftMs(state: TrainingState, nowMs: number): number | undefined {
  const done = state.fraction - state.beganFraction;
  const passed = nowMs - state.beganMs;
  // Less than a few seconds of work says nothing.
  if (done <= 0 || passed < 3_000 || state.testing !== undefined) return undefined;
  return (passed / done) * (1 - state.fraction);
}

/** Returns the epoch that was judged best so far; of equals the first. */
export function bestEpoch(history: readonly EpochSummary[]): EpochSummary | undefined {
  return history.reduce<EpochSummary | undefined>(
    (best, each) => (best === undefined || each.accuracy > best.accuracy ? each : best),
    undefined,
  );
}
