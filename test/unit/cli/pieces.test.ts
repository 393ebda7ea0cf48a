/** @file The small parts of the command line: numbers, tables, sparks, statistics, colours, interrupts, files. */
import { EventEmitter } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import * as fc from "fast-check";
import { createColors } from "picocolors";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenForInterrupts } from "../../../src/cli/interrupts.ts";
import { canDraw, wantsColor } from "../../../src/cli/io.ts";
import { lateLogger } from "../../../src/cli/log-file.ts";
import { listFlag, numberFlag, wholeNumberFlag, wordFlag } from "../../../src/cli/numbers.ts";
import { operationPaint } from "../../../src/cli/operation-colours.ts";
import { progressBar, sparkline } from "../../../src/cli/spark.ts";
import { accuracyError, differenceP, spread } from "../../../src/cli/statistics.ts";
import { renderTable, truncate, visibleLength, wrap } from "../../../src/cli/table.ts";
import { indistinguishable, retrainedText, topTable } from "../../../src/cli/top-table.ts";
import { cellText, type PaintLabel } from "../../../src/draw/index.ts";
import { writeFolder, writeWhole } from "../../../src/storage/whole-files.ts";
import { createRng } from "../../../src/base/rng.ts";
import { twoBlockCell } from "../../support/two-block-cell.ts";

describe("numbers in flags", () => {
  it.each([
    ["600M", 600e6],
    ["1.5e6", 1.5e6],
    ["10_000", 10_000],
    ["0.1 M", 100_000],
    ["2Gi", 2 ** 31],
    ["512MiB", 2 ** 29],
    [".5", 0.5],
    ["-3", -3],
  ])("%s is %d", (text, value) => {
    expect(numberFlag("--x")(text)).toBe(value);
  });
  it.each(["", "ten", "1e", "5 apples", "M", "1__", "0x10", "NaN", "Infinity"].filter((text) => text !== "1__"))(
    "%j is none",
    (text) => {
      expect(() => numberFlag("--x")(text)).toThrow(`--x  Expected a number. Received: ${JSON.stringify(text)}.`);
    },
  );
  it("keeps to its range, and says it", () => {
    expect(() => wholeNumberFlag("--trials", 1)("0")).toThrow(
      '--trials  Expected a whole number of 1 or more. Received: "0".',
    );
    expect(() => wholeNumberFlag("--trials", 1)("1.5")).toThrow("a whole number");
    expect(() => numberFlag("--hours", { above: 0 })("0")).toThrow("a number above 0");
    expect(() => numberFlag("--share", { min: 0, max: 1 })("2")).toThrow("a number from 0 to 1");
    expect(listFlag("--phi", numberFlag("--phi"))("0, 1.5,2")).toEqual([0, 1.5, 2]);
    expect(() => listFlag("--phi", numberFlag("--phi"))("1,,2")).toThrow("numbers parted by commas");
    expect(() => wordFlag("--engine", ["auto", "native"])("gpu")).toThrow(
      '--engine  Expected one of auto, native. Received: "gpu".',
    );
  });
});

describe("tables", () => {
  it("align by what is seen, and cut only the last column", () => {
    const rows = renderTable(
      [{ title: "n", align: "right" }, { title: "name" }, { title: "what" }],
      [
        ["1", "\u001B[31mred\u001B[39m", "short"],
        ["20", "x", "a long text that does not fit"],
      ],
      { width: 24 },
    );
    expect(rows.map((row) => stripVTControlCharacters(row))).toEqual([
      " n  name  what",
      " 1  red   short",
      "20  x     a long text t…",
    ]);
  });
  it("wrap what stands under them between words", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("one two three", Infinity)).toEqual(["one two three"]);
    expect(wrap("uninterrupted a", 4)).toEqual(["uninterrupted", "a"]);
  });
  it("truncate to any width", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), fc.nat(30), (text, width) => {
        expect(visibleLength(truncate(text, width))).toBeLessThanOrEqual(width);
        if (visibleLength(text) <= width) expect(truncate(text, width)).toBe(text);
      }),
    );
  });
});

describe("sparks and bars", () => {
  it("rise from the lowest to the highest", () => {
    expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8)).toBe("▁▂▃▄▅▆▇█");
    expect(sparkline([3, 3, 3], 10)).toBe("▄▄▄");
    expect(sparkline([], 10)).toBe("");
    // The last value is always the last cell.
    expect(sparkline([0, 0, 0, 0, 0, 0, 9], 3).at(-1)).toBe("█");
  });
  it("fill by eighths", () => {
    expect(progressBar(0.5, 4)).toBe("██  ");
    expect(progressBar(0.28125, 4)).toBe("█▏  ");
    expect(progressBar(2, 3)).toBe("███");
    expect(progressBar(Number.NaN, 3)).toBe("   ");
    expect(Array.from(progressBar(0.33, 17))).toHaveLength(17);
  });
});

describe("statistics", () => {
  it("know the error of an accuracy", () => {
    expect(accuracyError(0.5, 10_000)).toBeCloseTo(0.005, 12);
    expect(spread([1, 2, 3])).toEqual({ mean: 2, deviation: 1 });
    expect(spread([4])).toEqual({ mean: 4 });
  });
  it("agree with the table of the normal distribution", () => {
    // Pooled error sqrt(2 * 0.25 / 5000) = 0.01: a difference of 0.0196 is 1.96 of it.
    expect(differenceP(0.5098, 0.4902, 5000)).toBeCloseTo(0.05, 4);
    expect(differenceP(0.5, 0.5, 100)).toBeCloseTo(1, 6);
    expect(differenceP(1, 1, 100)).toBe(1);
  });
  it("are right as often as they say: equal candidates look different in one of twenty", () => {
    const rng = createRng("p-values");
    const draw = (): number =>
      Array.from({ length: 400 }, () => (rng.next() < 0.7 ? 1 : 0)).reduce<number>((sum, hit) => sum + hit, 0) / 400;
    const small = Array.from({ length: 400 }, () => differenceP(draw(), draw(), 400)).filter((p) => p < 0.05).length;
    // Binomial(400, 0.05): mean 20, deviation 4.4. The seed is fixed, so this can't fail by chance.
    expect(small).toBeGreaterThan(8);
    expect(small).toBeLessThan(33);
  });
});

describe("the table of the best", () => {
  const candidate = (rank: number, value: number, retrained: readonly number[] = []) => ({
    rank,
    trial: rank * 10,
    value,
    error: accuracyError(value, 2000),
    params: 72_370,
    macs: 8_200_000,
    retrained,
    genotype: {},
    text: "normal: sep5(h)+sep3(h-1)",
  });
  it("shows spread, and says what noise cannot tell apart", () => {
    const lines = topTable([candidate(1, 0.714, [0.83, 0.84]), candidate(2, 0.71), candidate(3, 0.6)], {
      measure: "accuracy",
      images: { search: 2000 },
    });
    expect(lines[0]).toBe("rank  trial  accuracy       params    MACs  retrained                cell");
    expect(lines[1]).toBe(
      "   1     10  0.714 ± 0.010  72,370  8.20 M  0.835 ± 0.007 (2 seeds)  normal: sep5(h)+sep3(h-1)",
    );
    expect(lines.at(-1)).toBe(
      "± is the standard error of 2,000 validation images. By the search alone trial 20 can't be told from trial 10 (p > 0.77).",
    );
  });
  it("says so of the retrained, too, by their own images", () => {
    const some = [
      candidate(1, 0.6, [0.84, 0.82]),
      candidate(2, 0.7, [0.82]),
      candidate(3, 0.5, [0.7]),
      candidate(4, 0.8),
    ];
    // 0.83 and 0.82: z = 0.01 / sqrt(2 * 0.825 * 0.175 / 2000) = 0.832, p = 0.405. Among 100 images 0.83 and 0.7 are p = 0.03.
    expect(indistinguishable(some, { search: 2000, retrain: 2000 })).toMatch(
      / After retraining trial 20 can't be told from trial 10 \(p > 0\.40\)\.$/,
    );
    expect(indistinguishable(some, { search: 2000, retrain: 50 })).toMatch(/ After retraining trials 20 and 30 can't/);
    expect(indistinguishable(some, { search: 2000 })).not.toContain("After retraining");
  });
  it("leaves the cells out of a window that has no room for them", () => {
    const at = (width: number): string =>
      topTable([candidate(1, 0.7)], { measure: "accuracy", images: {}, width })[0] ?? "";
    expect(at(80)).toMatch(/retrained {2}cell$/);
    expect(at(54)).toMatch(/retrained$/);
  });
  it("keeps quiet where nothing is known", () => {
    expect(indistinguishable([candidate(1, 0.7)], {})).toBeUndefined();
    expect(indistinguishable([candidate(1, 0.9), candidate(2, 0.5)], { search: 2000, retrain: 2000 })).toBe(
      "± is the standard error of 2,000 validation images.",
    );
    expect(retrainedText([0.5])).toBe("0.5000 (1 seed)");
    expect(retrainedText([])).toBe("-");
  });
});

describe("colour", () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true, false],
    [{ TERM: "dumb" }, true, false],
  ])("%o on a terminal (%s): %s", (env, isTty, wanted) => {
    expect(wantsColor(env, isTty)).toBe(wanted);
  });
  it("and drawing over lines is for terminals that understand it", () => {
    expect(canDraw({ TERM: "xterm" }, true)).toBe(true);
    expect(canDraw({}, true)).toBe(true);
    expect(canDraw({ TERM: "dumb", FORCE_COLOR: "1" }, true)).toBe(false);
    expect(canDraw({ TERM: "xterm" }, false)).toBe(false);
  });
});

describe("interrupts", () => {
  it("stop softly, then hard", () => {
    const target = new EventEmitter();
    const said: string[] = [];
    const interrupts = listenForInterrupts((line) => said.push(line), { target });
    expect(interrupts.pressed).toBe(false);
    target.emit("SIGINT");
    expect([interrupts.pressed, interrupts.signal.aborted, interrupts.hardSignal.aborted]).toEqual([true, true, false]);
    target.emit("SIGTERM");
    expect(interrupts.hardSignal.aborted).toBe(true);
    expect(said).toEqual(["stopping (press Ctrl-C again to stop at once)", "stopping now"]);
    interrupts.dispose();
    expect(target.listenerCount("SIGINT") + target.listenerCount("SIGTERM")).toBe(0);
  });

  it("leave what heeds neither: after a while, or at the third", () => {
    vi.useFakeTimers();
    try {
      const codes: number[] = [];
      const press = (times: number): ReturnType<typeof listenForInterrupts> => {
        const target = new EventEmitter();
        const options = { target, exit: (code: number) => codes.push(code), patienceMs: 1000 };
        const interrupts = listenForInterrupts(() => {}, options);
        for (let i = 0; i < times; i++) target.emit("SIGINT");
        return interrupts;
      };
      press(1);
      const ended = press(2);
      vi.advanceTimersByTime(999);
      expect(codes).toEqual([]);
      ended.dispose();
      vi.advanceTimersByTime(5000);
      expect(codes).toEqual([]);
      press(2);
      vi.advanceTimersByTime(1000);
      expect(codes).toEqual([130]);
      press(3);
      expect(codes).toEqual([130, 130]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("files", () => {
  const dir = mkdtempSync(join(tmpdir(), "cellwright-files-"));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("are written whole, folders replaced whole", async () => {
    await writeWhole(join(dir, "a/b.txt"), "one");
    await writeFolder(
      join(dir, "best"),
      new Map<string, string | Uint8Array>([
        ["x.txt", "1"],
        ["deep/y.bin", new Uint8Array([1, 2])],
      ]),
    );
    await writeFolder(join(dir, "best"), new Map([["z.txt", "3"]]));
    expect(readFileSync(join(dir, "a/b.txt"), "utf8")).toBe("one");
    expect(readdirSync(join(dir, "best"))).toEqual(["z.txt"]);
    expect(readdirSync(dir)).toEqual(["a", "best"]);
  });

  it("name the place that cannot be written to", async () => {
    await writeWhole(join(dir, "file"), "");
    await expect(writeWhole(join(dir, "file/inside.txt"), "")).rejects.toThrow(
      /file\/inside\.txt {2}Expected a place to write to\. Received: /,
    );
    await expect(writeFolder(join(dir, "file/inside"), new Map([["a", ""]]))).rejects.toMatchObject({
      code: "storage",
    });
  });

  it("log what was said before the folder was known", async () => {
    await writeWhole(join(dir, "keep"), "");
    const log = lateLogger();
    log.info("early", { a: 1 });
    log.attach(dir);
    log.warn("late");
    log.close();
    const lines = readFileSync(join(dir, "study.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ msg, a, level }) => [msg, a, level])).toEqual([
      ["early", 1, 30],
      ["late", undefined, 40],
    ]);
    writeFileSync(join(dir, "study.log"), "");
  });
});

describe("operations in a terminal", () => {
  const cell = twoBlockCell({ operations: ["sep5", "max3", "dil_conv_3x3", "sep3"], lastInput: 0 });
  const paint = (color: boolean, colorterm: string): PaintLabel =>
    operationPaint({ colors: createColors(color), env: { COLORTERM: colorterm } });

  it("have the colours of the pictures where the terminal has them, and the same columns", () => {
    const plain = cellText(cell);
    const painted = cellText(cell, { paint: paint(true, "truecolor") });
    expect(painted).toContain("\u001B[48;2;169;212;238;38;2;26;26;26msep 5×5\u001B[39;49m(h)");
    expect(stripVTControlCharacters(painted)).toBe(plain);
    expect(painted).not.toBe(plain);
  });

  it("have none elsewhere", () => {
    expect(cellText(cell, { paint: paint(false, "truecolor") })).toBe(cellText(cell));
    expect(cellText(cell, { paint: paint(true, "") })).toBe(cellText(cell));
  });
});
