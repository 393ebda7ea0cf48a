/** @file The live view of a training as lines of text, for a terminal and for a log. Pure: the terminal is someone else's. */
import { formatCount, formatDuration } from "../../base/units.ts";
import type { EpochSummary } from "../../training/index.ts";
import type { Colors } from "../io.ts";
import { progressBar, sparkline } from "../spark.ts";
import { truncate } from "../table.ts";
import { fit } from "./live-lines.ts";
import { bestEpoch, trainingLeftMs, trainingRate, type TrainingState } from "./training-state.ts";

export interface TrainingTitle {
  readonly name: string;
  /** What is trained, on what, by what. */
  readonly head: string;
  /** What epochs are judged by. */
  readonly split: "validation" | "test";
}

/** Returns the lines, each narrower than `width`. */
export function trainingLines(
  state: TrainingState,
  { name, head, split }: TrainingTitle,
  nowMs: number,
  width: number,
  colors: Colors,
): string[] {
  const room = Math.max(20, width - 1);
  const first = truncate(`${name}   ${head}`, room);
  const cut = Math.min(first.length, name.length);
  return [
    colors.bold(first.slice(0, cut)) + colors.dim(first.slice(cut)),
    progressLine(state, nowMs, room, colors),
    figuresLine(state, split, room, colors),
  ];
}

function progressLine(state: TrainingState, nowMs: number, room: number, colors: Colors): string {
  const { testing, fraction, epoch, epochs, steps, stepsPerEpoch, isStopping } = state;
  const bar = colors.cyan(progressBar(fraction, room >= 100 ? 24 : 12));
  if (testing !== undefined)
    return fit(
      [
        { text: bar, rank: 1 },
        { text: `testing ${formatCount(testing.done)}/${formatCount(testing.of)} images`, rank: 2 },
      ],
      room,
    );
  const rate = trainingRate(state, nowMs);
  const left = trainingLeftMs(state, nowMs);
  return fit(
    [
      { text: bar, rank: 2 },
      { text: `epoch ${epoch}/${epochs}`, rank: 9 },
      {
        text: steps >= stepsPerEpoch ? "evaluating" : `step ${formatCount(steps)}/${formatCount(stepsPerEpoch)}`,
        rank: 3,
      },
      { text: rate === undefined ? "" : `${formatCount(Math.round(rate))} img/s`, rank: 4 },
      { text: left === undefined ? "" : `${formatDuration(Math.max(1_000, left))} left`, rank: 7 },
      { text: isStopping ? colors.yellow("stopping") : "", rank: 8 },
    ],
    room,
  );
}

function figuresLine(state: TrainingState, split: string, room: number, colors: Colors): string {
  const { history, seen, lossSum, correct } = state;
  const last = history.at(-1);
  const best = bestEpoch(history);
  const now = seen > 0 ? { loss: lossSum / seen, accuracy: correct / seen } : undefined;
  const spark = sparkline(
    history.map(({ accuracy }) => accuracy),
    24,
  );
  return fit(
    [
      { text: now === undefined ? colors.dim("no step yet") : `loss ${now.loss.toFixed(4)}`, rank: 8 },
      { text: now === undefined ? "" : `accuracy ${now.accuracy.toFixed(4)}`, rank: 7 },
      { text: last === undefined ? "" : `${split} ${colors.green(last.accuracy.toFixed(4))}`, rank: 9 },
      { text: best === undefined ? "" : `best ${best.accuracy.toFixed(4)} in epoch ${best.epoch}`, rank: 5 },
      { text: history.length < 2 ? "" : colors.cyan(spark), rank: 1 },
    ],
    room,
  );
}

/** Returns the line of an epoch that ended: `epoch  3/20   loss 0.0921   accuracy 0.9721   validation loss 0.0612   accuracy 0.9812   4,210 img/s`. */
export function epochLine(summary: EpochSummary, epochs: number, split: string, imagesPerSecond?: number): string {
  const { epoch, trainLoss, trainAccuracy, loss, accuracy } = summary;
  return [
    `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`,
    `loss ${trainLoss.toFixed(4)}`,
    `accuracy ${trainAccuracy.toFixed(4)}`,
    `${split} loss ${loss.toFixed(4)}`,
    `accuracy ${accuracy.toFixed(4)}`,
    ...(imagesPerSecond === undefined ? [] : [`${formatCount(Math.round(imagesPerSecond))} img/s`]),
  ].join("   ");
}

/** Returns a line of progress, for where nothing else was said in a while. */
export function trainingProgressText(state: TrainingState, nowMs: number): string {
  if (state.testing !== undefined)
    return `testing ${formatCount(state.testing.done)}/${formatCount(state.testing.of)} images`;
  const rate = trainingRate(state, nowMs);
  const left = trainingLeftMs(state, nowMs);
  return [
    `epoch ${state.epoch}/${state.epochs}`,
    `step ${formatCount(state.steps)}/${formatCount(state.stepsPerEpoch)}`,
    ...(state.seen === 0 ? [] : [`loss ${(state.lossSum / state.seen).toFixed(4)}`]),
    ...(rate === undefined ? [] : [`${formatCount(Math.round(rate))} img/s`]),
    ...(left === undefined ? [] : [`${formatDuration(Math.max(1_000, left))} left`]),
  ].join("   ");
}
