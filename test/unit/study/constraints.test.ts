/** @file Constraints in a study: proposals that meet them, a latency that is measured once for good, refusals that are counted and told. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { agingEvolution, random } from "../../../controllers/index.ts";
import { inferShapes, type Network } from "../../../src/network/index.ts";
import { checkConstraints } from "../../../src/space/constraints.ts";
import type { Genotype } from "../../../src/space/index.ts";
import type { StudyDefinition } from "../../../src/study/definition.ts";
import { latencyMeasure, medianMs, measureLatency } from "../../../src/study/measure-latency.ts";
import { findOnnxruntime } from "../../../src/study/onnxruntime.ts";
import type { Study } from "../../../src/study/study.ts";
import { collect, fakeStudies, scripted, spread } from "../../support/fake-study.ts";
import { toySpace } from "../../support/toy-space.ts";

const studies = fakeStudies();

const paramsOf = async (study: Study) =>
  (await study.storage.trials()).map(({ metrics }) => metrics.params ?? Infinity);
const notes = (events: Awaited<ReturnType<typeof collect>>) =>
  events.flatMap((event) => (event.kind === "note" ? [`${event.level}: ${event.message}`] : []));

/** Filters of the toy network's second layer: its latency, for a test. */
const filters = (network: Network): number =>
  network.nodes.flatMap((node) => (node.id === "mid" && node.op === "conv" ? [node.attributes.filters] : []))[0] ?? 0;

describe("a study with constraints", () => {
  it.each([
    ["random", random()],
    ["evolution", agingEvolution({ populationSize: 4, sampleSize: 2 })],
  ])("trains nothing but what meets them, by %s, and counts the rest", async (_, controller) => {
    const { study, executor } = await studies.open({
      controller,
      constraints: { maxParams: 60, accept: ({ genotype }) => genotype["twin"] !== 1 },
      budget: { trials: 20 },
    });
    const events = await collect(study.run());
    const trials = await study.storage.trials();
    expect(trials.filter(({ state }) => state === "failed")).toEqual([]);
    expect(trials).toHaveLength(20);
    expect(executor.tasks.length).toBeGreaterThan(3);
    for (const { metrics, proposal } of trials) {
      expect(metrics.params).toBeLessThanOrEqual(60);
      expect(proposal.genotype["twin"]).not.toBe(1);
    }
    const { refused } = await study.status();
    expect(refused.refused).toBeGreaterThan(10);
    expect(refused.by.maxParams).toBeGreaterThan(0);
    expect(refused.by.accept).toBeGreaterThan(0);
    expect(notes(events)).toEqual([
      `info: The constraints refused ${refused.refused} of ${refused.refused + 20} candidates untrained (maxParams refuses ${refused.by.maxParams}, accept refuses ${refused.by.accept}).`,
    ]);
  });

  it("goes on after a stop as if there had been none", async () => {
    const definition: Partial<StudyDefinition> = {
      controller: agingEvolution({ populationSize: 4, sampleSize: 2 }),
      constraints: { maxParams: 70 },
    };
    const whole = await studies.open({ ...definition, name: "whole", budget: { trials: 16 } });
    await collect(whole.study.run());
    const first = await studies.open({ ...definition, name: "parts", budget: { trials: 7 } });
    await collect(first.study.run());
    await first.study.close();
    const rest = await studies.open({ ...definition, name: "parts", budget: { trials: 16 } }, { mode: "resume" });
    await collect(rest.study.run());
    const facts = async (study: Study) =>
      (await study.storage.trials()).map(({ proposal, metrics }) => [proposal, metrics["refusedDraws"]]);
    expect(await facts(rest.study)).toEqual(await facts(whole.study));
    expect(await rest.study.status()).toMatchObject({ refused: (await whole.study.status()).refused });
  });

  it("meets those of its space, too", async () => {
    const space = { ...toySpace, constraints: { maxParams: 80 } };
    const { study } = await studies.open({
      space,
      controller: random(),
      constraints: { maxMacs: 400 },
      budget: { trials: 8 },
    });
    await collect(study.run());
    expect(Math.max(...(await paramsOf(study)))).toBeLessThanOrEqual(80);
    const { by } = (await study.status()).refused;
    expect([by.maxParams, by.maxMacs].every((count) => count !== undefined && count > 0)).toBe(true);
  });

  it("says which constraint refuses how many where nothing passes, whoever proposes", async () => {
    const constraints = { maxParams: 1, maxMacs: 300 };
    const sampled = await studies.open({ controller: random(), constraints, budget: { hours: 1 } });
    await expect(collect(sampled.study.run())).rejects.toThrow(
      /at least 1 in 1,000 samples to meet them\. Received: none of 3,000 \(maxParams refuses 3,000, maxMacs refuses [\d,]+\)/,
    );
    const { study } = await studies.open({
      name: "t",
      controller: scripted(spread),
      constraints,
      budget: { hours: 1 },
    });
    await expect(collect(study.run())).rejects.toThrow(
      /at least 1 in 1,000 proposals to meet them\. Received: none of 1,000 \(maxParams refuses 1,000, maxMacs refuses \d+\)/,
    );
    expect((await study.status()).refused).toMatchObject({ refused: 1_000, by: { maxParams: 1_000 } });
  });

  it("does not count a draw again with a duplicate that takes the result", async () => {
    let drawn: Genotype | undefined;
    const { study } = await studies.open({
      controller: {
        name: "draws one, then proposes its twin",
        options: {},
        create: ({ space, rng }) => ({
          ask: (number) => {
            drawn ??= space.sample(rng.fork("one"));
            return { genotype: { ...drawn, twin: number } };
          },
          tell: () => {},
        }),
      },
      constraints: { maxParams: 40 },
      budget: { trials: 2 },
    });
    await collect(study.run());
    const [one, twin] = await study.storage.trials();
    expect(twin?.duplicateOf).toBe(0);
    expect(one?.metrics["refusedDraws"]).toBeGreaterThan(0);
    expect(twin?.metrics).toEqual({ ...one?.metrics, refusedDraws: undefined, "refusedDraws.maxParams": undefined });
  });

  it("settles a refused trial at once when it is taken by hand", async () => {
    const { study } = await studies.open({ constraints: { maxParams: 1 } });
    expect(await study.ask()).toMatchObject({
      settled: {
        state: "failed",
        reason: expect.stringMatching(/^constraints\.maxParams: /),
        metrics: { rejected: true, refusedBy: "maxParams" },
      },
    });
  });

  it("stops at a predicate that is broken, naming it", async () => {
    const { study } = await studies.open({ constraints: { accept: () => "yes" as unknown as boolean } });
    await expect(collect(study.run())).rejects.toThrow('constraints.accept  Expected true or false. Received: "yes".');
  });
});

describe("a latency", () => {
  const constraints = { maxLatencyMs: 5 };

  it("rejects what is too slow, is stored, and is measured once for a network", async () => {
    const measured: number[] = [];
    const measure = async (network: Network): Promise<number> =>
      measured.push(filters(network)) > 0 ? filters(network) : 0;
    const { study, executor } = await studies.open(
      {
        constraints,
        controller: scripted((number) => ({ genotype: { a: 1, b: [3, 7, 3, 7, 5][number] ?? 1, twin: number % 3 } })),
      },
      { measureLatency: measure },
    );
    await collect(study.run());
    expect(measured).toEqual([3, 7, 5]);
    const trials = await study.storage.trials();
    expect(trials.map(({ metrics: { latencyMs } }) => latencyMs)).toEqual([3, 7, 3, 7, 5]);
    expect(trials.map(({ state }) => state)).toEqual(["complete", "failed", "complete", "failed", "complete"]);
    expect(trials[1]).toMatchObject({
      reason: "constraints.maxLatencyMs: 7.00 ms is over 5 ms",
      metrics: { rejected: true },
    });
    expect(executor.tasks.map(({ trial }) => trial)).toEqual([0, 4]);
    expect((await study.status()).refused).toEqual({ refused: 2, by: { maxLatencyMs: 2 } });
  });

  it("decides for good: a trial that was let in runs after a resume, however slow the machine is by then", async () => {
    const definition: Partial<StudyDefinition> = { constraints, budget: { trials: 2 } };
    const first = await studies.open(definition, { measureLatency: async () => 4 });
    const asked = await first.study.ask();
    expect(asked).toMatchObject({ number: 0 });
    await first.study.close();
    const again = await studies.open(definition, { mode: "resume", measureLatency: async () => 100 });
    await collect(again.study.run());
    expect((await again.study.storage.trials()).map(({ state, metrics }) => [state, metrics.latencyMs])).toEqual([
      ["complete", 4],
      ["failed", 100],
    ]);
  });

  it("is not measured where another constraint refuses already, and what can't be measured is refused", async () => {
    let calls = 0;
    const { study } = await studies.open(
      { constraints: { ...constraints, accept: ({ genotype }) => genotype["a"] === 1 }, budget: { trials: 3 } },
      {
        measureLatency: async () => {
          calls++;
          throw new Error("no engine");
        },
      },
    );
    await collect(study.run());
    expect(calls).toBe(1);
    expect((await study.storage.trials()).map(({ reason }) => reason)).toEqual([
      "constraints.maxLatencyMs: it can't be measured: no engine",
      "constraints.accept: refused by the predicate",
      "constraints.accept: refused by the predicate",
    ]);
  });

  it("is the median of repeats", async () => {
    const clock = [0, 5, 10, 11, 20, 23];
    expect(
      await medianMs(
        3,
        async () => {},
        () => clock.shift() ?? 0,
      ),
    ).toBe(3);
  });

  it("of a real network is a time", async () => {
    const latencyMs = await measureLatency(toySpace.decode({ a: 3, b: 3, twin: 0 }).network);
    expect(latencyMs).toBeGreaterThan(0);
    expect(Number.isFinite(latencyMs)).toBe(true);
  });
});

describe("a latency in ONNX Runtime", () => {
  const constraints = { maxLatencyMs: 1000, latencyRuntime: "onnxruntime" } as const;

  it.skipIf(findOnnxruntime({}) !== undefined)(
    "says what to install where it isn't [skipped where onnxruntime-node is installed]",
    async () => {
      const opened = studies.open({ constraints, budget: { trials: 1 } }).then(({ study }) => collect(study.run()));
      await expect(opened).rejects.toThrow(
        'constraints.latencyRuntime  Expected onnxruntime-node for "onnxruntime". Received: it is not installed. Install it: ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm install onnxruntime-node',
      );
      // Where nothing limits the latency, nothing measures it.
      expect(latencyMeasure([{ latencyRuntime: "onnxruntime" }])).toBe(measureLatency);
    },
  );

  it("is that of the ONNX export, one image at a time; a study's runtime goes before its space's", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cellwright-onnxruntime-"));
    const home = join(folder, "node_modules/onnxruntime-node");
    mkdirSync(home, { recursive: true });
    // Stands for the package, and notes what it is asked.
    writeFileSync(
      join(home, "index.js"),
      `const asked = (globalThis.askedOfOnnxruntime = []);
exports.env = { versions: { node: "0.0" } };
exports.Tensor = class { constructor(...parts) { Object.assign(this, { parts }); } };
exports.InferenceSession = { create: async (model, options) => (asked.push(["create", model.length > 100, options.intraOpNumThreads]), {
  run: async ({ images: { parts: [type, data, shape] } }) => (asked.push([type, data.length, shape]), { logits: { data: new Float32Array(2) } }),
  release: async () => asked.push(["release"]),
}) };`,
    );
    vi.stubEnv("CELLWRIGHT_ONNXRUNTIME", folder);
    try {
      const { network } = toySpace.decode({ a: 3, b: 3, twin: 0 });
      const latencyMs = await latencyMeasure([{ latencyRuntime: "native" }, constraints])(network);
      expect(latencyMs).toBeGreaterThanOrEqual(0);
      const asked = (globalThis as { askedOfOnnxruntime?: readonly unknown[][] }).askedOfOnnxruntime ?? [];
      const [height, width, channels] = inferShapes(network).get("input") as readonly [number, number, number];
      expect(asked[0]).toEqual(["create", true, 1]);
      expect(asked[1]).toEqual(["float32", height * width * channels, [1, channels, height, width]]);
      expect(asked.at(-1)).toEqual(["release"]);
      expect(latencyMeasure([constraints, { latencyRuntime: "native" }])).toBe(measureLatency);
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  it("is refused by another name", async () => {
    const definition = {
      constraints: { maxLatencyMs: 1, latencyRuntime: "tflite" },
    } as unknown as Partial<StudyDefinition>;
    await expect(studies.open(definition)).rejects.toThrow(/constraints.latencyRuntime {2}Expected .*onnxruntime/u);
    expect(() => checkConstraints({ latencyRuntime: "tflite" }, "space")).toThrow(
      'space.latencyRuntime  Expected native or onnxruntime. Received: "tflite".',
    );
  });
});
