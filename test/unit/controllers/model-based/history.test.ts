/** @file What the model-based controller makes of what it is told, where a scheduler trains some trials for longer than others. */
import { createRng } from "cellwright/base";
import type { FinishedTrial, Proposal } from "cellwright/search";
import { describe, expect, it } from "vitest";
import { createHistory, type History } from "../../../../controllers/model-based/history.ts";
import { fromBest, rankScores } from "../../../../controllers/model-based/improvement.ts";
import { trialsOf } from "../../../../controllers/model-based/points.ts";
import { flat } from "../../../contract/controllers/spaces.ts";

const rng = createRng("history");
const genotypes = Array.from({ length: 40 }, () => flat.sample(rng));
const objectives = [{ name: "score", direction: "maximize" }] as const;
const empty = (starts = 100): History => createHistory(trialsOf(flat), objectives, { starts, fitted: 5 });

function tell(history: History, number: number, value: number | undefined, more: Partial<Proposal> = {}): void {
  const proposal = { genotype: genotypes[number]!, ...more };
  history.tell({ kind: "started", number, proposal });
  const end: Pick<FinishedTrial, "state" | "values"> =
    value === undefined ? { state: "failed" } : { state: "complete", values: [value] };
  history.tell({ kind: "finished", trial: { number, proposal, ...end } });
}

/** Goes on from a trial. */
const goOn = (from: number, epochs: number): Partial<Proposal> => ({
  genotype: genotypes[from]!,
  continueFrom: from,
  epochs,
});

describe("the history", () => {
  it("orders trials of one length by score, of equals the first told first, as if made anew", () => {
    const scores = Array.from({ length: 40 }, () => rng.int(12));
    const history = empty();
    for (const [number, score] of scores.entries()) tell(history, number, score === 0 ? undefined : score);
    const known = scores.map((score) => (score === 0 ? -Infinity : score));
    expect(history.order).toEqual(fromBest(known));
    expect(history.values([3, 8, 20])).toEqual(rankScores(known, [3, 8, 20]));
  });

  it("puts the longer trained before the shorter, whatever the scores, and failed ones last", () => {
    const history = empty();
    for (const [number, score] of [0.5, 0.6, 0.4, 0.7].entries()) tell(history, number, score, { epochs: 1 });
    tell(history, 4, 0.1, goOn(1, 3));
    expect(history.order).toEqual([1, 3, 0, 2]);
    tell(history, 5, 0.3, goOn(3, 3));
    expect(history.order).toEqual([3, 1, 0, 2]);
    tell(history, 6, 0.2, goOn(5, 9));
    tell(history, 7, undefined, goOn(4, 9));
    expect(history.order).toEqual([3, 0, 2, 1]);
    // Four candidates, however often each was trained.
    expect(history.observations.map(({ genotype }) => genotype)).toEqual(genotypes.slice(0, 4));
  });

  it("keeps a candidate's standing while it trains on", () => {
    const history = empty();
    tell(history, 0, 0.5, { epochs: 1 });
    tell(history, 1, 0.6, { epochs: 1 });
    history.tell({ kind: "started", number: 2, proposal: { genotype: genotypes[0]!, ...goOn(0, 3) } });
    expect(history.order).toEqual([1, 0]);
    expect(history.running.size).toBe(0);
  });

  it("has what is fitted as it was at its number of results, whatever trains on later", () => {
    const history = empty(3);
    for (const [number, score] of [0.1, 0.2, 0.3].entries()) tell(history, number, score, { epochs: 1 });
    const { lesson } = history;
    expect(lesson?.values).toEqual(rankScores([0.1, 0.2, 0.3]));
    // The next are 4 and 5 results, as a tenth of them is less than one.
    tell(history, 3, 0.05, goOn(0, 3));
    expect(lesson).toEqual({ count: 3, trials: lesson?.trials, values: rankScores([0.1, 0.2, 0.3]) });
    expect(history.lesson?.count).toBe(4);
    expect(history.lesson?.values).toEqual(rankScores([0.9, 0.2, 0.3]));
  });

  it("takes a trial that goes on from none it knows as one of its own", () => {
    const history = empty();
    tell(history, 5, 0.5, { continueFrom: 2, epochs: 3 });
    expect(history.observations).toHaveLength(1);
  });
});
