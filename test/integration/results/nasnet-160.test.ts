/** @file The study that is kept in results/nasnet-160: its tables say what its databases hold, and no more. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { costOf, parseNetwork } from "cellwright/network";
import { nasnet } from "cellwright/spaces";
import { beforeAll, describe, expect, it } from "vitest";

interface Facts {
  readonly trials: readonly { readonly state: string }[];
  readonly top: readonly { readonly number: number; readonly genotype: Readonly<Record<string, number>> }[];
}
interface Report {
  factsOf(runs: string, name: string): Promise<Facts | undefined>;
  trialsCsv(facts: Facts): string;
  studyRow(facts: Facts): string;
  trainingText(training: unknown): string;
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

describe("the winner, scaled and trained", () => {
  const training = JSON.parse(kept("winner-summary.json")) as {
    readonly network: { readonly params: number; readonly macs: number };
    readonly test: { readonly accuracy: number; readonly images: number };
    readonly elapsedMs: number;
    readonly epochs: number;
  };

  it("is reported as its training ended: at least 88 % of all test images, within two hours", () => {
    expect(training.test.images).toBe(10_000);
    expect(training.test.accuracy).toBeGreaterThanOrEqual(0.88);
    expect(training.elapsedMs).toBeLessThanOrEqual(2 * 3_600_000);
    expect(kept("README.md")).toContain(report.trainingText(training));
    expect(kept("winner-metrics.csv").trim().split("\n")).toHaveLength(1 + training.epochs);
  });

  it("is the network that is kept, of the genotype that is kept", () => {
    const network = parseNetwork(kept("network.json"));
    const { params, macs } = costOf(network);
    expect({ params, macs }).toEqual({ params: training.network.params, macs: training.network.macs });
    const scaled = nasnet.decode(JSON.parse(kept("genotype.json")) as Facts["top"][number]["genotype"], {
      cellsPerStack: 2,
      filters: 12,
    });
    expect(network).toEqual(scaled.network);
  });
});
