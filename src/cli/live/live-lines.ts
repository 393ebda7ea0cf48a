/** @file The live view as lines of text, fitted to a width. Pure: the terminal is someone else's. */
import { formatCount, formatDuration, formatMacs } from "../../base/units.ts";
import type { Colors } from "../io.ts";
import { progressBar, sparkline } from "../spark.ts";
import { truncate, visibleLength } from "../table.ts";
import {
  budgetFraction,
  finishedTrials,
  imagesPerSecond,
  remainingMs,
  retrainedName,
  trialsRunning,
  type BestTrial,
  type LiveState,
} from "./live-state.ts";

/** Returns the lines, each narrower than `width`. `head` says what is searched. */
export function liveLines(state: LiveState, head: string, nowMs: number, width: number, colors: Colors): string[] {
  const room = Math.max(20, width - 1);
  const first = truncate(`${state.name}   ${head}`, room);
  const cut = Math.min(first.length, state.name.length);
  const lines = [colors.bold(first.slice(0, cut)) + colors.dim(first.slice(cut))];
  if (state.phase === "retraining") lines.push(...retrainLines(state, nowMs, room, colors));
  else lines.push(progressLine(state, nowMs, room, colors), bestLine(state, room, colors));
  return lines;
}

export interface Segment {
  readonly text: string;
  /** The lowest go first where the line is too narrow. */
  readonly rank: number;
}

/** Joins segments by three spaces, leaving out the least important until they fit. */
export function fit(segments: readonly Segment[], room: number): string {
  let kept = segments.filter(({ text }) => text !== "");
  const joined = (): string => kept.map(({ text }) => text).join("   ");
  while (kept.length > 1 && visibleLength(joined()) > room) {
    const least = Math.min(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== least);
  }
  return truncate(joined(), room);
}

function progressLine(state: LiveState, nowMs: number, room: number, colors: Colors): string {
  const { trials, hours } = state.facts.budget;
  const fraction = budgetFraction(state, nowMs);
  const rate = imagesPerSecond(state, nowMs);
  const left = state.phase === "searching" ? remainingMs(state, nowMs) : undefined;
  const done = finishedTrials(state);
  const count =
    trials === undefined
      ? `${formatCount(done)} ${done === 1 ? "trial" : "trials"}`
      : `${formatCount(done)}/${formatCount(trials)}`;
  const some = (n: number, what: string): string => (n === 0 ? "" : `${n} ${what}`);
  const segments: Segment[] = [
    { text: fraction === undefined ? "" : colors.cyan(progressBar(fraction, room >= 100 ? 24 : 12)), rank: 2 },
    { text: count, rank: 9 },
    { text: some(trialsRunning(state).length, "running"), rank: 6 },
    { text: some(state.retrains.size, "retraining"), rank: 3 },
    { text: some(state.pruned, "pruned"), rank: 1 },
    { text: state.failed === 0 ? "" : colors.yellow(`${state.failed} failed`), rank: 5 },
    { text: some(state.duplicates, state.duplicates === 1 ? "duplicate" : "duplicates"), rank: 0 },
    { text: rate === undefined || state.phase === "done" ? "" : `${formatCount(Math.round(rate))} img/s`, rank: 4 },
    { text: left === undefined ? "" : leftText(left, hours !== undefined && left === 0), rank: 7 },
    { text: state.phase === "stopping" ? colors.yellow("stopping") : "", rank: 8 },
  ];
  return fit(segments, room);
}

function leftText(ms: number, isTimeUp: boolean): string {
  return isTimeUp ? "time is up" : `${formatDuration(Math.max(1_000, ms))} left`;
}

function bestLine(state: LiveState, room: number, colors: Colors): string {
  if (state.best === undefined) return colors.dim("best: none yet");
  const text = bestText(state.best);
  const spark = sparkline(state.history, Math.min(32, room - text.length - 3));
  const line = truncate(text, room);
  const styled = line.startsWith("best ") ? `best ${colors.green(line.slice(5))}` : line;
  return spark.length < 2 ? styled : `${styled}   ${colors.cyan(spark)}`;
}

/** `best 0.7135  trial 44  72,370 params  8.2 MMAC`. */
export function bestText(best: BestTrial): string {
  return [
    `best ${formatValue(best.value)}`,
    `trial ${best.trial}`,
    ...(best.params === undefined ? [] : [`${formatCount(best.params)} params`]),
    ...(best.macs === undefined ? [] : [formatMacs(best.macs)]),
  ].join("  ");
}

function retrainLines(state: LiveState, nowMs: number, room: number, colors: Colors): string[] {
  const parts = [...state.retrains.values()].reduce((sum, { epoch, epochs, trial }) => {
    const within = state.running.get(trial)?.fraction;
    return sum + (within ?? epoch / Math.max(1, epochs));
  }, 0);
  const rate = imagesPerSecond(state, nowMs);
  const fraction = state.retrainsTotal === 0 ? 0 : (state.retrainsDone + parts) / state.retrainsTotal;
  const lines = [
    fit(
      [
        { text: `retraining ${state.retrainsDone}/${state.retrainsTotal}`, rank: 9 },
        { text: colors.cyan(progressBar(fraction, room >= 100 ? 24 : 12)), rank: 1 },
        { text: rate === undefined ? "" : `${formatCount(Math.round(rate))} img/s`, rank: 2 },
        {
          text:
            fraction > 0.03 && fraction < 1
              ? `${formatDuration(Math.max(1_000, ((nowMs - state.beganMs) / fraction) * (1 - fraction)))} left`
              : "",
          rank: 3,
        },
      ],
      room,
    ),
  ];
  for (const progress of state.retrains.values()) {
    const { epoch, epochs, value } = progress;
    lines.push(
      truncate(
        `  ${retrainedName(progress)}  epoch ${epoch}/${epochs}${value === undefined ? "" : `  ${formatValue(value)}`}`,
        room,
      ),
    );
  }
  return lines;
}

/** Four digits after the point for what is between 0 and 1, else what is significant. */
export function formatValue(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(4) : String(Number(value.toPrecision(6)));
}
