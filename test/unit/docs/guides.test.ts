/** @file The guides' code is code that compiles: every block stands word for word in the source file that its text names. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { scalingResults } from "cellwright";
import { createRng } from "cellwright/base";
import { costOf, validateNetwork } from "cellwright/network";
import type { EvaluationContext, Task } from "cellwright/evaluators";
import { silentLogger } from "../../../src/base/logger.ts";
import { flowers, latency, leaves, quick } from "../../examples/data-and-evaluators.ts";
import macro from "../../examples/macro.ts";
import ownCells from "../../examples/own-cells.ts";
import { temporaryFolder } from "../../support/small-cifar.ts";
import tinyCells from "../../examples/tiny-cells.ts";
import {
  fastEnough,
  findCoefficients,
  forImagenet,
  grown,
  largest,
  sizes,
  subject,
} from "../../examples/scale-a-network.ts";
import { largestThatFits, scaleTo } from "../../../src/scale/scale.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** The code blocks of a guide, each with the last file named before it. */
function blocksOf(guide: string): { file: string; code: string }[] {
  const text = read(`docs/${guide}`);
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => {
    const names = [...text.slice(0, match.index).matchAll(/`((?:src|test)\/[\w./-]+\.ts)`/g)];
    // A first line such as `// chain.ts` says how a reader calls the file.
    return { file: names.at(-1)?.[1] ?? "", code: (match[1] ?? "").replace(/^\/\/ [\w.-]+\n/, "").trim() };
  });
}

describe("code in the guides", () => {
  for (const [guide, count] of [
    ["define-a-space.md", 5],
    ["add-an-operation.md", 2],
    ["data-and-evaluators.md", 4],
    ["scale-a-network.md", 3],
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

describe("the spaces of the guide", () => {
  it("are about thirty lines each, and whole", () => {
    const files = blocksOf("define-a-space.md").filter(({ file }) => /(chain|own-cells|macro)\.ts$/.test(file));
    expect(files).toHaveLength(3);
    for (const { code } of files) {
      expect(code.split("\n").length).toBeLessThan(42);
      expect(code).toContain("export default defineSpace({");
    }
  });

  it("decode whatever is sampled, the conditional one with every kind of block", () => {
    const ops = new Set<string>();
    for (const space of [ownCells, macro])
      for (let i = 0; i < 40; i++) {
        const { network } = space.decode(space.sample(createRng(i)));
        expect(validateNetwork(JSON.parse(JSON.stringify(network)))).toEqual(network);
        for (const { id, op } of network.nodes) ops.add(id.startsWith("stage") ? op : "");
      }
    for (const op of ["avgPool", "depthwiseConv", "activation", "add"]) expect(ops).toContain(op);
    const inverted = macro.decisions.find(({ path }) => path === "stage1.block");
    const children = inverted?.kind === "choice" ? inverted.options[1]?.children.map(({ path }) => path) : [];
    expect(children).toEqual(["stage1.block.inverted.kernel", "stage1.block.inverted.expansion"]);
  });

  it("have an operation of their own, which takes stride and filters", () => {
    const genotype = Object.fromEntries(
      ownCells
        .active(ownCells.sample(createRng(1)))
        .map((decision) => [
          decision.path,
          decision.role === "operation" && decision.kind === "choice"
            ? decision.options.findIndex(({ name }) => name === "bottleneck")
            : 0,
        ]),
    );
    const { nodes } = ownCells.decode(genotype).network;
    const at = (id: string) => nodes.find((node) => node.id === id)?.attributes;
    expect(at("cell0/block0/left/middle/conv")).toMatchObject({ filters: 2, kernel: [3, 3] });
    expect(at("reduction0/block0/left/narrow/conv")).toMatchObject({ filters: 4, stride: [2, 2] });
    expect(at("reduction0/block0/left/wide/conv")).toMatchObject({ filters: 16, stride: [1, 1] });
  });

  it("say in YAML what the example says", () => {
    const [, code] = /```yaml\n(.*?)```/s.exec(read("docs/define-a-space.md")) ?? [];
    expect(code).toBe(read("test/examples/small-cells.yaml"));
  });
});

describe("the data sets and evaluators of the guide", () => {
  const pictures = new URL("../../fixtures/pictures/rgb.png", import.meta.url);

  it("are what it says they are", async () => {
    expect(quick.measures).toEqual(["accuracy"]);
    const { train, test, validation, mean } = await leaves.load({});
    expect([train.size, train.height, train.classes.length]).toEqual([12, 64, 12]);
    expect(test).toBe(validation);
    expect(mean[1]).toBeGreaterThan(mean[0] ?? 1);
  });

  it("take a folder of pictures below a data folder", async () => {
    const dir = temporaryFolder();
    for (const name of ["daisy", "rose", "tulip"]) {
      const folder = join(dir, "flowers", name);
      mkdirSync(folder, { recursive: true });
      for (const k of [1, 2, 3, 4]) cpSync(pictures, join(folder, `${k}.png`));
    }
    writeFileSync(join(dir, "flowers/rose/5.jpg"), "not a picture");
    const told: string[] = [];
    const data = await flowers.load({ dir, onProgress: (message) => told.push(message) });
    expect([data.train.size, data.validation.size, data.test.size, data.train.height]).toEqual([10, 1, 1, 64]);
    expect(told.join("\n")).toContain("decoding 13 pictures to 64 x 64 x 3: 156 KiB of memory");
    expect(told.join("\n")).toContain("rose/5.jpg: neither a JPEG nor a PNG");
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

describe("the scaling of the guide", () => {
  it("counts, and keeps to a budget", () => {
    expect(sizes.map(({ phi }) => phi)).toEqual([0, 1, 2]);
    expect(costOf(grown).macs).toBe(sizes[1]?.macs);
    expect(largest?.skeleton).toMatchObject({ input: [224, 224, 3], classes: 1000, stem: "imagenet" });
    expect(largest?.macs).toBeLessThanOrEqual(600e6);
    const next = scaleTo(forImagenet, (largest?.phi ?? 0) + 0.1);
    expect(next.macs > 600e6 || next.params > 5_000_000).toBe(true);
  });

  it("asks how long a network takes", async () => {
    const log = vi.spyOn(console, "log").mockReturnValue();
    const perMac = async (network: Parameters<typeof costOf>[0]) => Promise.resolve(costOf(network).macs / 2e6);
    const phi = await fastEnough(perMac);
    expect(phi).toBe(largestThatFits(subject, { maxMacs: 100e6 })?.phi);
    expect(log.mock.calls.length).toBeLessThan(9);
    log.mockRestore();
  });

  it("finds coefficients by a study", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cellwright-guide-"));
    const log = vi.spyOn(console, "log").mockReturnValue();
    try {
      const study = await findCoefficients(dir);
      const points = (await scalingResults(study))?.plan.points.length ?? 0;
      await study.close();
      // A line for each trial, and the coefficients last.
      expect(log.mock.calls).toHaveLength(points + 1);
      expect(log.mock.lastCall?.[0]).toMatchObject({ alpha: expect.any(Number) });
    } finally {
      log.mockRestore();
      rmSync(dir, { recursive: true, force: true });
    }
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
