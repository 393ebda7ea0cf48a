/** @file Follows a training on the terminal, or in plain lines where there is none. */
import { formatDuration } from "../../base/units.ts";
import type { TrainingEvent } from "../../study/training/events.ts";
import { print, type CliIo } from "../io.ts";
import { terminalPainter } from "./painter.ts";
import { QUIET_MS } from "./plain-lines.ts";
import { epochLine, trainingLines, trainingProgressText, type TrainingTitle } from "./training-lines.ts";
import { applyTrainingEvent, beginTraining, trainingLeftMs, type TrainingStart } from "./training-state.ts";
import { restoreOnExit } from "./watch.ts";

/** A frame is drawn at most this often, and at least that often. */
const MIN_FRAME_MS = 80;
const TICK_MS = 500;

export interface TrainingWatch {
  readonly observe: (event: TrainingEvent) => void;
  /** Prints a message that stays. */
  readonly say: (line: string) => void;
  /** Says that the training is to stop. */
  readonly stopping: () => void;
  /** Leaves the last frame on the screen and gives the terminal back. Does nothing the second time. */
  readonly done: () => void;
}

/** Begins to show a training. `done` must be called, however it ends. */
export function watchTraining(io: CliIo, title: TrainingTitle, start: TrainingStart): TrainingWatch {
  let state = beginTraining(start, io.now());
  const painter = io.out.isTTY ? terminalPainter(io.out) : undefined;
  let lastFrame = 0;
  let lastLine = io.now();
  let isOver = false;

  const say = (line: string): void => {
    lastLine = io.now();
    if (painter === undefined || isOver) print(io, line);
    else painter.say(line);
  };
  const frame = (isForced: boolean): void => {
    const now = io.now();
    if (painter === undefined) {
      if (now - lastLine >= QUIET_MS) say(trainingProgressText(state, now));
    } else if (isForced || now - lastFrame >= MIN_FRAME_MS) {
      painter.paint(trainingLines(state, title, now, io.out.columns, io.colors));
      lastFrame = now;
    }
  };
  const timer = setInterval(() => frame(true), TICK_MS);
  const restore = restoreOnExit(painter);
  if (painter === undefined) say(`${title.name}   ${title.head}`);
  frame(true);
  return {
    say,
    observe(event) {
      state = applyTrainingEvent(state, event, io.now());
      if (event.kind === "epoch" && painter === undefined) {
        const left = trainingLeftMs(state, io.now());
        const more =
          left === undefined || event.summary.epoch === state.epochs ? "" : `   ${formatDuration(left)} left`;
        say(`${epochLine(event.summary, state.epochs, title.split, event.imagesPerSecond)}${more}`);
      }
      frame(event.kind === "epoch");
    },
    stopping() {
      state = { ...state, isStopping: true };
      frame(true);
    },
    done() {
      if (isOver) return;
      frame(true);
      isOver = true;
      clearInterval(timer);
      painter?.done();
      restore();
    },
  };
}
