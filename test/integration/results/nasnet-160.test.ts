/** @file The study that is kept in results/nasnet-160: its tables say what its databases hold, and no more. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

interface Facts {
  readonly trials: readonly { readonly state: string }[];
  readonly top: readonly { readonly number: number; readonly genotype: Readonly<Record<string, number>> }[];
}
interface Report {
  factsOf(runs: string, name: string): Promise<Facts | undefined>;
  trialsCsv(facts: Facts): string;
  studyRow(facts: Facts): string;
}

const folder = join(import.meta.dirname, "../../../results/nasnet-160");
const kept = (file: string): string => readFileSync(join(folder, file), "utf8");

const runs = join(folder, "runs");
let report: Report;
beforeAll(async () => {
  report = (await import(join(folder, "report.mjs"))) as Report;
});

describe.each(["search", "random"])("the study %s", (name) => {
  it("has at least 150 trained trials, and all of them in its table", async () => {
    const facts = await report.factsOf(runs, name);
    expect(facts?.trials.filter(({ state }) => state === "complete").length).toBeGreaterThanOrEqual(150);
    expect(report.trialsCsv(facts as Facts)).toBe(kept(`${name}-trials.csv`));
  });

  it("has the line of the report that its trials give", async () => {
    const facts = await report.factsOf(runs, name);
    expect(kept("README.md").split("\n")).toContain(report.studyRow(facts as Facts));
  });
});

it("keeps the genotype of the search's best retrained trial", async () => {
  const [best] = (await report.factsOf(runs, "search"))!.top;
  expect(JSON.parse(kept("genotype.json"))).toEqual(best?.genotype);
});
