/** @file The live view: what it counts, what it shows at any width, how it is drawn over itself, and its plain form. */
import { stripVTControlCharacters } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createColors } from "picocolors";
import { liveLines } from "../../../src/cli/live/live-lines.ts";
import {
  applyEvent,
  beginLive,
  budgetFraction,
  finishedTrials,
  imagesPerSecond,
  remainingMs,
  type LiveState,
} from "../../../src/cli/live/live-state.ts";
import { plainLine, progressText } from "../../../src/cli/live/plain-lines.ts";
import { terminalPainter } from "../../../src/cli/live/painter.ts";
import { watch } from "../../../src/cli/live/watch.ts";
import type { StudyEvent } from "../../../src/study/events.ts";
import { eventStream, facts, fakeStudy, memoryIo, memoryStream, trial } from "./fixtures.ts";

const objective = { name: "accuracy", direction: "maximize" } as const;
const begin = (more: Partial<typeof facts> = {}, trials = [] as ReturnType<typeof trial>[], elapsedMs = 0): LiveState =>
  beginLive("cells", { ...facts, ...more }, objective, { trials, elapsedMs }, 0);
const after = (state: LiveState, events: readonly (readonly [number, StudyEvent])[]): LiveState =>
  events.reduce((now, [atMs, event]) => applyEvent(now, event, atMs), state);
const beat = (number: number, imagesTrained: number, fraction = 0.5, attempt = 0): StudyEvent => ({
  kind: "heartbeat",
  beat: { trial: number, attempt, imagesTrained, fraction },
});
const started = (number: number): StudyEvent => ({ kind: "trial-started", trial: trial(number, { state: "running" }) });
const finished = (number: number, more: Parameters<typeof trial>[1] = {}): StudyEvent => ({
  kind: "trial-finished",
  trial: trial(number, more),
  isBest: false,
});

describe("the state", () => {
  it("counts each trial once, by how it ended", () => {
    const state = after(begin(), [
      [0, started(0)],
      [0, started(1)],
      [1000, finished(0, { values: [0.4] })],
      [1000, finished(2, { state: "failed", reason: "no" })],
      [1000, finished(3, { state: "pruned", values: [0.9] })],
      [1000, finished(4, { values: [0.4], duplicateOf: 0 })],
      [1000, finished(5, { values: [0.6] })],
    ]);
    expect([state.complete, state.failed, state.pruned, state.duplicates, state.running.size]).toEqual([2, 1, 1, 1, 1]);
    expect(finishedTrials(state)).toBe(5);
    // A pruned trial is never the best.
    expect(state.best).toMatchObject({ trial: 5, value: 0.6, params: 72_370 });
    expect(state.history).toEqual([0.4, 0.4, 0.4, 0.4, 0.6]);
  });

  it("begins where earlier runs stopped", () => {
    const state = begin(
      {},
      [trial(0, { values: [0.3] }), trial(1, { values: [0.7] }), trial(2, { state: "running" })],
      60_000,
    );
    expect(finishedTrials(state)).toBe(2);
    expect(state.best?.trial).toBe(1);
    // What earlier runs took says nothing of this one's speed.
    expect(remainingMs(state, 5_000)).toBeUndefined();
    expect(budgetFraction(begin({ budget: { hours: 1 } }, [], 1_800_000), 0)).toBe(0.5);
  });

  it("measures images per second over all workers, through retries", () => {
    let state = after(begin(), [
      [0, started(0)],
      [0, started(1)],
      [1_000, beat(0, 100)],
      [2_000, beat(1, 300)],
      [3_000, beat(0, 300)],
    ]);
    // 100 at 1 s, 600 at 3 s.
    expect(imagesPerSecond(state, 3_000)).toBe(250);
    state = after(state, [
      [3_500, { kind: "trial-retried", number: 0, attempt: 1, reason: "killed" }],
      [4_000, beat(0, 999, 0.9, 0)],
      [5_000, beat(0, 200, 0.1, 1)],
    ]);
    // The dead attempt's beat is dropped; the new one's images count from 0.
    expect(imagesPerSecond(state, 5_000)).toBe(175);
    expect(state.running.get(0)).toEqual({ attempt: 1, fraction: 0.1, imagesTrained: 200 });
    expect(imagesPerSecond(state, 60_000)).toBeUndefined();
  });

  it("knows the time left from the limit that comes first", () => {
    const running = after(begin({ budget: { trials: 10, hours: 1 } }), [
      [0, started(0)],
      [10_000, finished(0)],
      [10_000, started(1)],
      [10_000, beat(1, 10, 0.5)],
    ]);
    // 1.5 trials in 15 s, 8.5 to go.
    expect(remainingMs(running, 15_000)).toBe(85_000);
    expect(budgetFraction(running, 15_000)).toBeCloseTo(0.15, 12);
    expect(remainingMs(after(begin({ budget: { hours: 0.01, trials: 10 } }), [[0, started(0)]]), 6_000)).toBe(30_000);
    expect(remainingMs(begin({ budget: {} }), 5_000)).toBeUndefined();
  });

  it("tells what is retrained while the last trials run from those", () => {
    const early: StudyEvent = { kind: "retrain-started", trial: 4, epochs: 10, index: 1, of: 2, early: true };
    const state = after(begin({ budget: { trials: 10 } }), [
      [0, started(0)],
      [0, { kind: "stopping", reason: "budget" }],
      [1, early],
      [2, beat(0, 64, 0.5)],
      [3, beat(4, 64, 0.25)],
    ]);
    expect(state.phase).toBe("stopping");
    expect(budgetFraction(state, 3)).toBeCloseTo(0.05, 6);
    expect(stripVTControlCharacters(liveLines(state, "head", 3, 120, createColors(true))[1] ?? "")).toContain(
      "0/10   1 running   1 retraining",
    );
    expect(progressText(state, 3)).toContain("1 running   1 retraining");
    expect(plainLine(state, "head", early)).toBe("retraining 1/2: trial 4, 10 epochs, while the last trials run");
    expect(plainLine(after(begin(), [[0, early]]), "head", early)).toBe(
      "retraining 1/2: trial 4, 10 epochs, begun already",
    );
  });

  it("follows a retraining", () => {
    const state = after(begin(), [
      [0, { kind: "retrain-started", trial: 4, epochs: 10, index: 1, of: 2 }],
      [1, { kind: "retrain-started", trial: 5, epochs: 10, index: 2, of: 2 }],
      [2, { kind: "retrain-step", trial: 4, epoch: 3, epochs: 10, values: [0.7] }],
      [3, { kind: "retrain-finished", trial: 5, values: [0.6], metrics: {} }],
    ]);
    expect(state.phase).toBe("retraining");
    expect([state.retrainsDone, state.retrainsTotal]).toEqual([1, 2]);
    expect(
      plainLine(state, "", { kind: "retrain-started", trial: 4, baseline: "a-net", epochs: 2, index: 1, of: 1 }),
    ).toBe("retraining 1/1: a-net, 2 epochs");
    expect([...state.retrains.values()]).toEqual([{ trial: 4, epoch: 3, epochs: 10, value: 0.7 }]);
  });
});

describe("the lines", () => {
  const busy = after(begin({ budget: { trials: 200 } }), [
    ...Array.from({ length: 50 }, (_, i) => [i * 1000, finished(i, { values: [0.4 + i / 200] })] as const),
    [50_000, finished(50, { state: "failed", reason: "x" })],
    [50_000, finished(51, { duplicateOf: 3, values: [0.4] })],
    [50_000, started(52)],
    [51_000, beat(52, 1000)],
    [53_000, beat(52, 3000)],
  ]);

  it("say what the documentation shows", () => {
    const lines = liveLines(busy, "nasnet (5.2e36 candidates) · 2 workers (native)", 53_000, 140, createColors(false));
    expect(lines[0]).toBe("cells   nasnet (5.2e36 candidates) · 2 workers (native)");
    expect(lines[1]).toMatch(/^█+.?\s+52\/200 {3}1 running {3}1 failed {3}1 duplicate {3}1,000 img\/s {3}2 min left$/);
    expect(lines[2]).toMatch(/^best 0\.6450 {2}trial 49 {2}72,370 params {2}8\.20 MMAC {3}[▁▂▃▄▅▆▇█]{32}$/);
  });

  it("fit any width, and keep what matters most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 21, max: 200 }), fc.boolean(), (width, color) => {
        const lines = liveLines(busy, "nasnet · aging evolution", 53_000, width, createColors(color));
        for (const line of lines) expect(Array.from(stripVTControlCharacters(line)).length).toBeLessThan(width);
        expect(stripVTControlCharacters(lines[1] ?? "")).toContain("52/200");
        if (color) expect(lines.join("")).toContain("\u001B[");
        else expect(lines.join("")).not.toContain("\u001B");
      }),
    );
  });

  it("show a search that has nothing yet, and one that is stopping", () => {
    expect(liveLines(begin(), "head", 0, 80, createColors(false)).slice(1)).toEqual([
      "               0/10",
      "best: none yet",
    ]);
    const stopping = applyEvent(busy, { kind: "stopping", reason: "interrupt" }, 53_000);
    expect(liveLines(stopping, "head", 53_000, 140, createColors(false))[1]).toMatch(/stopping$/);
  });
});

/** A terminal that understands what the painter says. Rows of fixed width, no scrolling. */
function screen(text: string): { rows: string[]; cursorHidden: boolean } {
  const rows: string[] = [""];
  let row = 0;
  let column = 0;
  let cursorHidden = false;
  // eslint-disable-next-line no-control-regex -- escape sequences are what this reads
  for (const [token] of text.matchAll(/\u001B\[[?0-9]*[A-Za-z]|[\s\S]/gu)) {
    // eslint-disable-next-line no-control-regex -- as above
    const sequence = /^\u001B\[(\??)(\d*)([A-Za-z])$/u.exec(token);
    if (sequence !== null) {
      const [, , count, letter] = sequence;
      if (letter === "A") row = Math.max(0, row - Number(count || 1));
      else if (letter === "K") rows[row] = (rows[row] ?? "").slice(0, column);
      else if (letter === "J") rows.splice(row + (column === 0 ? 0 : 1));
      else if (token === "\u001B[?25l") cursorHidden = true;
      else if (token === "\u001B[?25h") cursorHidden = false;
    } else if (token === "\n") {
      row++;
      column = 0;
      rows[row] ??= "";
    } else if (token === "\r") column = 0;
    else {
      const line = (rows[row] ?? "").padEnd(column);
      rows[row] = line.slice(0, column) + token + line.slice(column + 1);
      column++;
    }
  }
  return {
    rows: rows.map((line) => line.trimEnd()).filter((line, index, all) => line !== "" || index < all.length - 1),
    cursorHidden,
  };
}

describe("the painter", () => {
  it("draws over what it drew, keeps messages above, and gives the cursor back", () => {
    const out = memoryStream({ isTTY: true, columns: 40 });
    const painter = terminalPainter(out);
    painter.paint(["head", "a long line of progress", "best"]);
    painter.say("trial 3 failed");
    painter.paint(["head", "short", "best"]);
    expect(screen(out.text())).toEqual({ rows: ["trial 3 failed", "head", "short", "best"], cursorHidden: true });
    painter.paint(["head", "two lines now"]);
    painter.done();
    out.write("after\n");
    expect(screen(out.text())).toEqual({
      rows: ["trial 3 failed", "head", "two lines now", "after"],
      cursorHidden: false,
    });
  });

  it("leaves nothing behind when cleared", () => {
    const out = memoryStream({ isTTY: true });
    const painter = terminalPainter(out);
    painter.say("kept");
    painter.paint(["a", "b"]);
    painter.clear();
    expect(screen(out.text())).toEqual({ rows: ["kept"], cursorHidden: false });
  });
});

describe("watching a study", () => {
  const events: StudyEvent[] = [
    { kind: "study-started", name: "cells", dir: "/tmp", resumed: true, finishedTrials: 2, facts },
    started(2),
    {
      kind: "trial-step",
      step: { trial: 2, attempt: 0, step: 1, values: [0.4], metrics: { engine: "native (AVX-512)" } },
    },
    { kind: "trial-finished", trial: trial(2, { values: [0.61], finishedMs: 41_000 }), isBest: true },
    {
      kind: "trial-finished",
      trial: trial(3, { state: "failed", reason: "loss was not finite at step 212" }),
      isBest: false,
    },
    {
      kind: "trial-finished",
      trial: trial(4, { state: "failed", reason: "too many parameters", metrics: { rejected: true } }),
      isBest: false,
    },
    { kind: "note", level: "warn", message: "SYNTHETIC images" },
    { kind: "study-finished", reason: "trials", kept: 0 },
  ];

  it("prints plain lines where there is no terminal", async () => {
    const io = memoryIo();
    const { finished: end, state } = await watch(fakeStudy([trial(0), trial(1)]), eventStream(events, io.clock), io);
    expect(end?.reason).toBe("trials");
    expect(state.engine).toBe("native (AVX-512)");
    expect(io.out.text().trimEnd().split("\n")).toEqual([
      "cells   nasnet (5.2e36 candidates) · aging evolution · CIFAR-10 10,000/2,000 · 4 epochs · 2 workers (auto)   resumed after 2 trials",
      " 3/10  trial 2     0.6100     72,370 params  8.20 MMAC    41 s  best so far",
      expect.stringMatching(/^trial 3 failed: loss was not finite at step 212\. Details: .*trials\/3\/trial\.log$/),
      "SYNTHETIC images",
    ]);
    expect(io.out.text()).not.toContain("\u001B");
  });

  it("redraws on a terminal, and leaves the last state standing", async () => {
    const io = memoryIo({ isTTY: true, columns: 120 });
    await watch(fakeStudy(), eventStream(events, io.clock), io);
    const { rows, cursorHidden } = screen(io.out.text());
    expect(cursorHidden).toBe(false);
    expect(rows.slice(0, 2)).toEqual([expect.stringContaining("trial 3 failed"), "SYNTHETIC images"]);
    expect(rows.slice(2)).toEqual([
      "cells   nasnet (5.2e36 candidates) · aging evolution · CIFAR-10 10,000/2,000 · 4 epochs · 2 workers (native, AVX-512)",
      expect.stringContaining("3/10   2 failed"),
      expect.stringContaining("best 0.6100  trial 2"),
    ]);
  });

  it("gives the terminal back before an error is thrown on", async () => {
    const io = memoryIo({ isTTY: true });
    async function* broken(): AsyncGenerator<StudyEvent> {
      yield await Promise.resolve(started(0));
      throw new Error("the storage is gone");
    }
    await expect(watch(fakeStudy(), broken(), io)).rejects.toThrow("the storage is gone");
    expect(screen(io.out.text())).toEqual({ rows: [], cursorHidden: false });
  });
});
