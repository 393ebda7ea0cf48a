/** @file The guides' code is code that compiles: every block stands word for word in the source file that its text names. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, validateNetwork } from "cellwright/network";
import type { EvaluationContext, Task } from "cellwright/evaluators";
import { silentLogger } from "../../../src/base/logger.ts";
import { latency, leaves, quick } from "../../examples/data-and-evaluators.ts";
import tinyCells from "../../examples/tiny-cells.ts";
import { scaleTo } from "../../../src/scale/scale.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** The code blocks of a guide, each with the last file named before it. */
function blocksOf(guide: string): { file: string; code: string }[] {
  const text = read(`docs/${guide}`);
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => {
    const names = [...text.slice(0, match.index).matchAll(/`((?:src|test)\/[\w./-]+\.ts)`/g)];
    return { file: names.at(-1)?.[1] ?? "", code: (match[1] ?? "").trim() };
  });
}

describe("code in the guides", () => {
  for (const [guide, count] of [
    ["define-a-space.md", 1],
    ["add-an-operation.md", 2],
    ["data-and-evaluators.md", 3],
  ] as const) {
    it(`${guide} says what its source says`, () => {
      const blocks = blocksOf(guide);
      expect(blocks).toHaveLength(count);
      for (const { file, code } of blocks) {
        const source = read(file);
        if (source.includes(code)) continue;
        // A module has its imports at its top, all together; a guide has them where they are needed.
        const lines = code.split("\n");
        expect(source).toContain(
          lines
            .filter((line) => !line.startsWith("import "))
            .join("\n")
            .trim(),
        );
        for (const line of lines.filter((each) => each.startsWith("import ")))
          for (const [name] of (/\{(.*)\}/.exec(line)?.[1] ?? "").matchAll(/\w+/g))
            expect(source).toMatch(new RegExp(`^import .*\\b${name}\\b.*${line.slice(line.indexOf(" from "))}$`, "m"));
      }
    });

    it(`${guide} names only files that exist`, () => {
      for (const [, path] of read(`docs/${guide}`).matchAll(/`((?:src|test|search-spaces)\/[\w./-]+)`/g)) {
        expect(() => read(path as string), path).not.toThrow();
      }
    });
  }
});

describe("the data sets and evaluators of the guide", () => {
  it("are what it says they are", async () => {
    expect(quick.measures).toEqual(["accuracy"]);
    const { train, test, validation, mean } = await leaves.load({});
    expect([train.size, train.height, train.classes.length]).toEqual([12, 64, 12]);
    expect(test).toBe(validation);
    expect(mean[1]).toBeGreaterThan(mean[0] ?? 1);
  });

  it("measure, report, and stop when they are told to", async () => {
    const { network } = tinyCells.decode(tinyCells.sample(createRng(1)), { input: [8, 8, 3], filters: 2 });
    const reports: { readonly step: number }[] = [];
    const answering = (answer: "continue" | "stop"): EvaluationContext => ({
      network,
      rng: createRng(1),
      signal: new AbortController().signal,
      logger: silentLogger,
      heartbeat: () => {},
      report: async (report) => {
        reports.push(report);
        return await Promise.resolve(reports.length < 3 ? "continue" : answer);
      },
    });
    const task = { trial: 0, attempt: 0 } as Task;
    const whole = await latency.evaluate(task, answering("continue"));
    expect(whole.state).toBe("complete");
    expect(whole.metrics["slowestMs"]).toBeGreaterThan(0);
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
    reports.length = 0;
    expect((await latency.evaluate(task, answering("stop"))).state).toBe("pruned");
    expect(reports).toHaveLength(3);
  });
});

describe("the space of the guide", () => {
  it("decodes whatever is sampled", () => {
    const rng = createRng("guide");
    for (let i = 0; i < 50; i++) {
      const { network } = tinyCells.decode(tinyCells.sample(rng.fork(i)), { filters: 4 });
      expect(validateNetwork(JSON.parse(JSON.stringify(network)))).toEqual(network);
      expect(costOf(network).params).toBeGreaterThan(0);
    }
  });

  it("builds what was decided", () => {
    const genotype = {
      ...tinyCells.sample(createRng(1)),
      activation: 1,
      stemFilters: 32,
      attention: 1,
      "attention.squeeze.ratio": 0,
    };
    const { nodes } = tinyCells.decode(genotype).network;
    const fns = new Set(nodes.flatMap((node) => (node.op === "activation" ? [node.attributes.fn] : [])));
    expect(fns).toEqual(new Set(["swish", "sigmoid"]));
    const stem = nodes.find((node) => node.id === "stem/conv");
    expect(stem?.attributes).toMatchObject({ filters: 32, kernel: [3, 3] });
    expect(nodes.some(({ id }) => id === "attention/scale")).toBe(true);
  });

  it("grows as it says", () => {
    const size = scaleTo(
      { space: tinyCells, genotype: tinyCells.sample(createRng(1)), coefficients: { alpha: 1.5, beta: 1.2, gamma: 1 } },
      2,
    );
    expect(size.skeleton).toMatchObject({ cellsPerStack: 5, filters: 24 });
    expect(size.notes).toEqual(["cellsPerStack 4.5 rounded to 5", "filters 23 rounded to 24"]);
  });
});
