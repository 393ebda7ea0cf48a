/** @file What the report says of a search, and how it says to go on. */
import { describe, expect, it } from "vitest";
import type { Candidate } from "../../../src/cli/candidates.ts";
import { failureReasons } from "../../../src/cli/failure-reasons.ts";
import { goOnCommands, reportMarkdown } from "../../../src/cli/report/markdown.ts";
import { commandLines } from "../../../src/cli/run-study.ts";
import { baselineVerdict, topTable } from "../../../src/cli/top-table.ts";
import type { ReportData } from "../../../src/cli/report/report-data.ts";
import { studyFront } from "../../../src/study/front.ts";
import { defaultStudy } from "../../../src/study/default-study.ts";
import { nasnet } from "cellwright/spaces";
import { fakeStudy, trial } from "./fixtures.ts";

const genotype = nasnet.named["nasnet-a"] ?? {};
const candidate = (number: number, value: number, retrained: readonly number[] = []): Candidate => ({
  rank: 0,
  trial: number,
  value,
  retrained,
  genotype,
  text: "normal: …",
});

function data(top: readonly Candidate[], more: Partial<ReportData> = {}): ReportData {
  const trials = [0, 1, 2].map((number) => trial(number, { proposal: { genotype } }));
  const study = { ...fakeStudy(trials), definition: defaultStudy };
  const winner = top[0];
  return {
    study,
    measure: "accuracy",
    direction: "maximize",
    trials,
    finished: trials,
    top,
    ...(winner && { winner }),
    searchBest: { trial: 1, value: 0.5 },
    elapsedMs: 60_000,
    scaled: [],
    operations: [],
    operationNames: [],
    ...more,
  };
}

const opening = (of: ReportData): string => reportMarkdown(of, { cells: [], charts: [] }, true).split("\n")[4] ?? "";

describe("the front of several objectives", () => {
  const objectives = [
    { name: "accuracy", direction: "maximize" },
    { name: "macs", direction: "minimize" },
  ] as const;

  it("is listed with its hypervolume over time, the reference point and what objectives are divided by", () => {
    const trials = [
      [0.5, 9_000_000],
      [0.9, 8_000_000],
      [0.7, 4_000_000],
    ].map((values, number) => trial(number, { values, proposal: { genotype } }));
    const front = studyFront(trials, objectives)!;
    const plain = data([candidate(1, 0.9)], { front });
    const text = reportMarkdown({ ...plain, study: { ...plain.study, objectives } }, { cells: [], charts: [] }, true);
    const section = text.slice(text.indexOf("## The front"), text.indexOf("## What it cost"));
    expect(section).toContain("Of 3 complete trials, 2 are bettered by no other");
    expect(section).toContain("| 1 | 0.9000 | 8,000,000 |\n| 2 | 0.7000 | 4,000,000 |");
    expect(section).toContain("| 2 | 1 | 0.200 |\n| 3 | 2 | 0.600 |");
    expect(section).toContain(
      "reference point (accuracy 0.5000, macs 9,000,000), and the best (accuracy 0.9000, macs 4,000,000)",
    );
  });

  it("is left out of a study with one", () => {
    expect(reportMarkdown(data([candidate(1, 0.5)]), { cells: [], charts: [] }, true)).not.toContain("## The front");
  });
});

describe("the opening", () => {
  it("tells what the search found best from what retraining made of it", () => {
    expect(opening(data([candidate(1, 0.5)]))).toBe(
      "3 trials in 60 s of searching. The best reached accuracy 0.5000 (trial 1).",
    );
    expect(opening(data([candidate(2, 0.4, [0.8]), candidate(1, 0.5, [0.7])]))).toBe(
      "3 trials in 60 s of searching. The best reached accuracy 0.5000 (trial 1). Retrained for longer trial 2 came out ahead with 0.8000 (1 seed).",
    );
    expect(opening(data([candidate(1, 0.5, [0.8]), candidate(2, 0.4, [0.7])]))).toMatch(
      /Retrained for longer it stayed ahead with 0\.8000 \(1 seed\)\.$/,
    );
    expect(opening(data([candidate(1, 0.5, [0.8, 0.9]), candidate(2, 0.4)]))).toMatch(
      /Retrained for longer it reached 0\.850 ± 0\.071 \(2 seeds\)\.$/,
    );
  });
});

describe("the baseline", () => {
  const baseline = {
    name: "resnet-18-cifar, width 11",
    params: 331_000,
    macs: 16_500_000,
    phase: "retrain",
    epochs: 8,
    values: [0.62],
  } as const;
  const report = (top: readonly Candidate[], more: Partial<ReportData>): string =>
    reportMarkdown(data(top, more), { cells: [], charts: [] }, true);

  it("stands below the best, and beside what the winner reached by the same recipe", () => {
    const text = report([candidate(1, 0.5, [0.7]), candidate(2, 0.4)], { baseline });
    expect(text).toContain("|  | baseline |  | 331,000 | 16.5 M | 0.6200 (1 seed) |");
    expect(text).toContain(
      "resnet-18-cifar, width 11 (331,000 parameters, 16.5 MMAC), trained for 8 epochs by the winner's recipe on the same images, reached accuracy 0.6200 (1 seed); trial 1 reached 0.7000 (1 seed).\n",
    );
    expect(report([candidate(1, 0.5, [0.7])], {})).not.toContain("baseline");
  });

  it("stands beside the search's value where nothing was retrained", () => {
    const text = report([candidate(1, 0.5)], { baseline: { ...baseline, phase: "search", epochs: 1 } });
    expect(text).toContain("|  | baseline | 0.6200 | 331,000 | 16.5 M | - |");
    expect(text).toMatch(/trained for 1 epoch by .* reached accuracy 0\.6200; trial 1 reached 0\.5000\./);
  });

  it("is said not to be told from the winner where the images are too few", () => {
    const verdict = (values: readonly number[]): string | undefined =>
      baselineVerdict(candidate(1, 0.5, [0.63]), { ...baseline, values }, { search: 1000, retrain: 2000 });
    expect(verdict([0.62])).toBe("2,000 validation images can't tell the two apart (p > 0.51).");
    expect(verdict([0.5])).toBeUndefined();
    expect(baselineVerdict(candidate(1, 0.5, [0.63]), baseline, {})).toBeUndefined();
  });

  it("is the last row of the table of the best", () => {
    const lines = topTable([candidate(1, 0.5, [0.7])], { measure: "accuracy", images: {}, baseline });
    expect(lines.at(-1)).toMatch(/^ +baseline +331,000 +16\.5 M +0\.6200 \(1 seed\) +resnet-18-cifar, width 11$/);
  });
});

describe("the commands to go on with", () => {
  const resume = (budget: object): { command: string; what: string } | undefined =>
    goOnCommands({ name: "mine", dir: "results/mine", definition: { ...defaultStudy, budget } }, true)[0];

  it("raise every limit that there is: one that was met would end the search at once", () => {
    expect(resume({ hours: 5 / 60 })).toEqual({
      command: "npx cellwright resume mine --hours 1",
      what: "search on, to one hour in all",
    });
    expect(resume({ trials: 12 })?.command).toBe("npx cellwright resume mine --trials 24");
    expect(resume({ trials: 500, hours: 6 })).toEqual({
      command: "npx cellwright resume mine --trials 1000 --hours 12",
      what: "search on, to 1,000 trials or 12 h 00 min in all",
    });
    expect(resume({})).toEqual({ command: "npx cellwright resume mine", what: "search on" });
  });

  it("name the folder of results where it is not the usual one", () => {
    const of = (dir: string): string | undefined =>
      goOnCommands({ name: "mine", dir, definition: { ...defaultStudy, budget: {} } }, true)[0]?.command;
    expect(of("elsewhere/mine")).toBe("npx cellwright resume mine --results elsewhere");
    expect(of("mine")).toBe("npx cellwright resume mine --results .");
    expect(of("/data/our runs/mine")).toBe("npx cellwright resume mine --results '/data/our runs'");
    const commands = goOnCommands({ name: "mine", dir: "elsewhere/mine", definition: defaultStudy }, true);
    expect(commands.every(({ command }) => command.endsWith(" --results elsewhere"))).toBe(true);
  });

  it("stand alone where the window has no room for what they do", () => {
    const commands = goOnCommands({ name: "mine", dir: "results/mine", definition: defaultStudy }, true);
    const wide = commandLines(commands, 100);
    expect(wide[0]).toMatch(/^ {2}npx cellwright resume mine --hours 1 +search on, to one hour in all$/);
    const longest = Math.max(...wide.map((line) => line.length));
    expect(commandLines(commands, longest)).toEqual(wide);
    expect(commandLines(commands, longest - 1)).toEqual(commands.map(({ command }) => `  ${command}`));
  });

  it("stand aligned in the report, whatever the study is called", () => {
    const report = reportMarkdown(data([candidate(1, 0.5)]), { cells: [], charts: [] }, true);
    const at = report.split("\n").flatMap((line) => (line.startsWith("npx ") ? [line.indexOf("  # ")] : []));
    expect(at).toHaveLength(5);
    expect(new Set(at).size).toBe(1);
  });
});

describe("what constraints refused", () => {
  const report = (trials: ReportData["trials"]): string =>
    reportMarkdown(data([candidate(1, 0.5)], { trials }), { cells: [], charts: [] }, true);

  it("is counted by constraint, draws and trials together", () => {
    const drawn = trial(0, {
      metrics: { refusedDraws: 1_200, "refusedDraws.maxParams": 1_000, "refusedDraws.accept": 400 },
    });
    const rejected = trial(1, { state: "failed", metrics: { rejected: true, refusedBy: "maxParams maxLatencyMs" } });
    expect(report([drawn, rejected])).toMatch(
      /refused by the constraints, untrained \| 1,201 \(maxParams refuses 1,001, accept refuses 400, maxLatencyMs refuses 1\)/,
    );
    expect(report([trial(0)])).not.toContain("refused by");
  });
});

describe("reasons of failures", () => {
  it("stand once each, the most frequent first", () => {
    const failed = (number: number, reason?: string) =>
      trial(number, { state: "failed", ...(reason !== undefined && { reason }) });
    expect(failureReasons([failed(0, "a"), trial(1), failed(2, "b"), failed(3, "b"), failed(4)])).toEqual([
      { reason: "b", trials: [2, 3] },
      { reason: "a", trials: [0] },
      { reason: "no reason given", trials: [4] },
    ]);
  });
});
