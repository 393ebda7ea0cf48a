/** @file Follows a running study on the terminal, or in plain lines where there is none, until its events end. */
import { join, relative } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { StudyEvent } from "../../study/events.ts";
import type { Study } from "../../study/study.ts";
import { failureReason } from "../failure-reasons.ts";
import { headLine } from "../head-line.ts";
import { print, type CliIo } from "../io.ts";
import { liveLines } from "./live-lines.ts";
import { applyEvent, beginLive, retrainedName, type LiveState } from "./live-state.ts";
import { terminalPainter, type Painter } from "./painter.ts";
import { plainLine, progressText, QUIET_MS } from "./plain-lines.ts";

/** Frames per second are bounded: a frame is drawn at most this often, and at least that often. */
const MIN_FRAME_MS = 80;
const TICK_MS = 500;

export interface Watcher {
  /** Prints a message that stays. */
  say(line: string): void;
}

/** What became of the events. */
export interface WatchResult {
  readonly state: LiveState;
  /** How the search ended, if it was one. */
  readonly finished?: Extract<StudyEvent, { kind: "study-finished" }>;
}

/** Shows `events` of a study until they end. What the iteration throws is thrown on, the terminal restored. */
export async function watch(
  study: Study,
  events: AsyncIterable<StudyEvent>,
  io: CliIo,
  ready: (watcher: Watcher) => void = () => {},
): Promise<WatchResult> {
  const objective = study.objectives[0] ?? { name: "value", direction: "maximize" as const };
  const earlier = { trials: await study.storage.trials(), elapsedMs: study.storage.study.elapsedMs };
  let state = beginLive(study.name, study.facts, objective, earlier, io.now());
  let finished: WatchResult["finished"];
  const painter = io.out.isTTY ? terminalPainter(io.out) : undefined;
  let lastFrame = 0;
  let lastLine = io.now();

  const say = (line: string): void => {
    lastLine = io.now();
    if (painter === undefined) print(io, line);
    else painter.say(line);
  };
  const frame = (force: boolean): void => {
    const now = io.now();
    if (painter === undefined) {
      if (now - lastLine >= QUIET_MS) say(progressText(state, now));
    } else if (force || now - lastFrame >= MIN_FRAME_MS) {
      painter.paint(liveLines(state, headLine(study, state.engine), now, io.out.columns, io.colors));
      lastFrame = now;
    }
  };
  const timer = setInterval(() => frame(true), TICK_MS);
  const restore = restoreOnExit(painter);
  ready({ say });
  try {
    frame(true);
    for await (const event of events) {
      state = applyEvent(state, event, io.now());
      if (event.kind === "study-finished") finished = event;
      for (const line of messages(event, study, io)) say(line);
      const line = painter === undefined ? plainLine(state, headLine(study), event) : undefined;
      if (line !== undefined) say(line);
      frame(event.kind !== "heartbeat");
    }
    frame(true);
    painter?.done();
  } catch (error) {
    painter?.clear();
    throw error;
  } finally {
    clearInterval(timer);
    restore();
  }
  return { state, ...(finished !== undefined && { finished }) };
}

/** Lines that are worth keeping on the screen, whatever kind of screen. */
function messages(event: StudyEvent, study: Study, io: CliIo): string[] {
  switch (event.kind) {
    case "note":
      return [event.level === "warn" ? io.colors.yellow(event.message) : event.message];
    case "trial-retried":
      return [io.colors.yellow(`trial ${event.number} is tried again: ${event.reason}`)];
    case "trial-finished": {
      if (event.trial.state !== "failed" || event.trial.metrics["rejected"] === true) return [];
      const log = relative(process.cwd(), join(study.dir, "trials", String(event.trial.number), "trial.log"));
      return [
        io.colors.yellow(
          `trial ${event.trial.number} failed: ${failureReason(event.trial).replace(/\.$/, "")}. Details: ${log}`,
        ),
      ];
    }
    case "retrain-finished":
      return event.reason === undefined
        ? []
        : [
            io.colors.yellow(
              `${event.baseline === undefined ? "retraining" : "training"} of ${retrainedName(event)} failed: ${event.reason}`,
            ),
          ];
    default:
      return [];
  }
}

/** A process that is ended from elsewhere must not leave the cursor hidden. Returns what takes the watch off again. */
export function restoreOnExit(painter: Painter | undefined): () => void {
  if (painter === undefined) return () => {};
  const onExit = (): void => {
    try {
      painter.done();
    } catch (error) {
      process.stderr.write(`${messageOf(error)}\n`);
    }
  };
  process.once("exit", onExit);
  return () => process.removeListener("exit", onExit);
}
