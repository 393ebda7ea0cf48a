/** @file The same events as plain lines, for a log or a pipe: one for each trial that ends, one now and then in between. */
import { formatCount, formatDuration, formatMacs } from "../../base/units.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import type { StudyEvent } from "../../study/events.ts";
import { formatValue } from "./live-lines.ts";
import {
  finishedTrials,
  imagesPerSecond,
  remainingMs,
  retrainedName,
  trialsRunning,
  type LiveState,
} from "./live-state.ts";

/** Silence longer than this is broken by a line of progress. */
export const QUIET_MS = 30_000;

/** Returns the line for an event, or undefined if it says nothing by itself. `state` is the one after the event. */
export function plainLine(state: LiveState, head: string, event: StudyEvent): string | undefined {
  switch (event.kind) {
    case "study-started":
      return `${event.name}   ${head}${event.resumed ? `   resumed after ${event.finishedTrials} trials` : ""}`;
    case "trial-finished":
      return event.trial.state === "failed" ? undefined : trialLine(event.trial, event.isBest, state);
    case "retrain-started":
      return `retraining ${event.index}/${event.of}: ${retrainedName(event)}, ${event.epochs} epochs${earlyText(state, event)}`;
    case "retrain-finished":
      return event.values?.[0] === undefined
        ? undefined
        : `${event.baseline === undefined ? "retrained" : "trained"} ${retrainedName(event)}  ${formatValue(event.values[0])}`;
    default:
      return undefined;
  }
}

function earlyText(state: LiveState, event: Extract<StudyEvent, { kind: "retrain-started" }>): string {
  if (event.early !== true) return "";
  return state.phase === "stopping" ? ", while the last trials run" : ", begun already";
}

/** Returns a line of progress. */
export function progressText(state: LiveState, nowMs: number): string {
  const { trials } = state.facts.budget;
  const rate = imagesPerSecond(state, nowMs);
  const left = remainingMs(state, nowMs);
  if (state.phase === "retraining") {
    const parts = [...state.retrains.values()].map(
      (progress) => `${retrainedName(progress)} epoch ${progress.epoch}/${progress.epochs}`,
    );
    return ["retraining", ...parts, ...(rate === undefined ? [] : [`${formatCount(Math.round(rate))} img/s`])].join(
      "   ",
    );
  }
  return [
    `${finishedTrials(state)}${trials === undefined ? "" : `/${trials}`} trials`,
    `${trialsRunning(state).length} running`,
    ...(state.retrains.size === 0 ? [] : [`${state.retrains.size} retraining`]),
    ...(rate === undefined ? [] : [`${formatCount(Math.round(rate))} img/s`]),
    ...(left === undefined ? [] : [`${formatDuration(left)} left`]),
  ].join("   ");
}

function trialLine(trial: TrialRecord, isBest: boolean, state: LiveState): string {
  const { params, macs } = trial.metrics;
  const value = trial.values?.[0];
  const took = trial.finishedMs === undefined ? undefined : trial.finishedMs - trial.startedMs;
  const { trials } = state.facts.budget;
  return [
    `${finishedTrials(state)}${trials === undefined ? "" : `/${trials}`}`.padStart(
      trials === undefined ? 4 : String(trials).length * 2 + 1,
    ),
    `trial ${trial.number}`.padEnd(10),
    (value === undefined ? "-" : formatValue(value)).padEnd(6),
    ...(params === undefined ? [] : [`${formatCount(params).padStart(9)} params`]),
    ...(macs === undefined ? [] : [formatMacs(macs).padStart(9)]),
    ...(took === undefined ? [] : [formatDuration(took).padStart(6)]),
    ...(trial.duplicateOf === undefined ? [] : [`as trial ${trial.duplicateOf}`]),
    ...(trial.state === "pruned" ? ["pruned"] : []),
    ...(isBest ? ["best so far"] : []),
  ].join("  ");
}
