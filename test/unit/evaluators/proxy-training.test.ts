/** @file Proxy training: what it measures, what it refuses, what it leaves, what it goes on from, and its key. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cifar10, synthetic } from "../../../src/data/index.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { createTimeEstimator } from "../../../src/evaluators/estimate.ts";
import type { Task } from "../../../src/evaluators/evaluator.ts";
import { proxyTraining } from "../../../src/evaluators/index.ts";
import { resolveProxyOptions, type ProxyTrainingOptions } from "../../../src/evaluators/proxy-options.ts";
import { runProxyTrial } from "../../../src/evaluators/proxy-trial.ts";
import { decodeSafetensors } from "../../../src/export/index.ts";
import { costOf, network, weightSpecs } from "../../../src/network/index.ts";
import { contextFor, task } from "../../support/evaluation.ts";
import { halvesData, halvesDataset, smallNetwork, smallRecipe, stubEngine } from "../../support/small-training.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cellwright-trial-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const options: ProxyTrainingOptions = { data: halvesData, epochs: 3, recipe: smallRecipe };
const benchOf = (engine: Engine) => ({
  engine,
  dataset: halvesDataset(),
  estimator: createTimeEstimator(),
  baseBytes: 1000,
});
const reference = () => benchOf(openReferenceEngine());

const run = (
  changes: Partial<Task> = {},
  settings: Partial<ProxyTrainingOptions> = {},
  bench = reference(),
  context = contextFor(smallNetwork),
) => runProxyTrial(resolveProxyOptions({ ...options, ...settings }), bench, { ...task, ...changes }, context);

/** The reference engine, which dies after so many training steps (and three to time the network). */
function dyingEngine(afterSteps: number): Engine {
  const dying = openReferenceEngine();
  let steps = 0;
  return {
    ...dying,
    estimateMemory: (...args) => dying.estimateMemory(...args),
    async open(...args) {
      const session = await dying.open(...args);
      return {
        ...session,
        evaluate: (batch) => session.evaluate(batch),
        save: () => session.save(),
        close: () => session.close(),
        trainStep: (...step) =>
          ++steps > 3 + afterSteps ? Promise.reject(new Error("killed")) : session.trainStep(...step),
      };
    },
  };
}

describe("a trial", () => {
  test("reports each epoch and ends with the last one's accuracy and the facts", async () => {
    const context = contextFor(smallNetwork);
    const outcome = await run({}, {}, reference(), context);
    expect(outcome.state).toBe("complete");
    if (outcome.state !== "complete") return;
    const { metrics, values } = outcome;
    expect(context.reports.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(context.reports.at(-1)?.values).toEqual(values);
    expect(values).toEqual([metrics.accuracy]);
    const { params, total, macs } = costOf(smallNetwork);
    expect(metrics).toMatchObject({ params, total, macs, epochs: 3, imagesTrained: 144, data: "halves" });
    expect(metrics.engine).toContain("reference");
    expect(metrics.estimatedMemoryBytes).toBeGreaterThan(0);
    expect(metrics["estimatedEpochMs"]).toBeGreaterThan(0);
    expect(metrics.imagesPerSecond).toBeCloseTo((1000 * 144) / (metrics.trainMs as number), 6);
    expect(metrics.trainMs).toBeLessThan(metrics.totalMs as number);
  });

  test("gives the measures asked for, in order", async () => {
    const outcome = await run({}, { measures: ["macs", "loss", "accuracy"] });
    if (outcome.state !== "complete") throw new Error(outcome.state);
    const { macs, loss, accuracy } = outcome.metrics;
    expect(outcome.values).toEqual([macs, loss, accuracy]);
  });

  test("follows the task's seed, epochs and recipe", async () => {
    const values = async (changes: Partial<Task>) => {
      const context = contextFor(smallNetwork);
      await run(changes, {}, reference(), context);
      return context.reports.map(({ metrics }) => metrics?.loss);
    };
    const first = await values({});
    expect(await values({})).toEqual(first);
    expect(await values({ seed: 12 })).not.toEqual(first);
    expect(await values({ recipe: { learningRate: 0.01 } })).not.toEqual(first);
    expect((await values({ epochs: 1 })).length).toBe(1);
    await expect(run({ recipe: { momentum: 2 } })).rejects.toThrow("recipe.momentum  Expected a number from 0 to 1.");
    await expect(run({ recipe: { autoAugment: true } })).rejects.toThrow(
      "recipe.autoAugment  Expected no for grey images",
    );
  });

  test("is pruned when the report is answered with stop", async () => {
    const outcome = await run(
      {},
      {},
      reference(),
      contextFor(smallNetwork, (step) => (step === 2 ? "stop" : "continue")),
    );
    expect(outcome.state).toBe("pruned");
    expect(outcome.metrics.epochs).toBe(2);
    expect(outcome.state === "pruned" && outcome.values?.length).toBe(1);
  });

  test("fails with the reason where the loss was not finite, and leaves it in the log", async () => {
    const bench = benchOf(stubEngine((step) => (step === 9 ? Number.NaN : 1)));
    const outcome = await run({ dir }, {}, bench);
    expect(outcome).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/^loss was not finite at step 9 /),
    });
    expect(readFileSync(join(dir, "trial.log"), "utf8")).toContain("failed: loss was not finite at step 9");
  });

  test("says from its start on within what time it will be heard of again", async () => {
    const promises: (number | undefined)[] = [];
    let opened = 0;
    const engine = stubEngine(() => 1);
    const watched: Engine = {
      ...engine,
      async open(...args) {
        opened++;
        expect(promises.length).toBeGreaterThan(0);
        return engine.open(...args);
      },
    };
    const context = {
      ...contextFor(smallNetwork),
      heartbeat: (beat: { nextWithinMs?: number }) => promises.push(beat.nextWithinMs),
    };
    await run({}, {}, benchOf(watched), context as never);
    // To be timed, and to be trained.
    expect(opened).toBe(2);
    for (const promise of promises) expect(promise).toBeGreaterThanOrEqual(60_000);
  });

  test("ends soon after an abort", async () => {
    const controller = new AbortController();
    let steps = 0;
    const bench = benchOf(
      stubEngine(() => {
        if (++steps === 5) controller.abort();
        return 1;
      }),
    );
    const outcome = await run({}, {}, bench, contextFor(smallNetwork, undefined, controller.signal));
    expect(outcome.state).toBe("failed");
    expect(steps).toBe(5);
  });
});

describe("refusals", () => {
  test("a plan over the memory limit is failed without a session", async () => {
    const engine = stubEngine(() => 1, { memoryBytes: 3 * 2 ** 20 });
    for (const limited of [
      run({ limits: { memoryBytes: 2 ** 20 } }, {}, benchOf(engine)),
      run({ limits: { memoryBytes: 2 ** 30 } }, { limits: { memoryBytes: 2 ** 20 } }, benchOf(engine)),
    ]) {
      expect(await limited).toMatchObject({
        state: "failed",
        reason:
          "needs about 3.0 MiB of memory (3.0 MiB by its plan, 1000 B for the worker), over the limit of 1.0 MiB: not trained",
        metrics: { estimatedMemoryBytes: 3 * 2 ** 20, params: costOf(smallNetwork).params },
      });
    }
    expect(engine.opened()).toBe(0);
    expect((await run({ limits: { memoryBytes: 2 ** 22 } }, {}, benchOf(engine))).state).toBe("complete");
  });

  test("a training over the time limit is failed after a few steps on a session of their own", async () => {
    let steps = 0;
    const engine = stubEngine(async () => {
      steps++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 1;
    });
    // 18 steps of at least 20 ms against 100 ms.
    const outcome = await run({ limits: { timeMs: 100 } }, {}, benchOf(engine));
    expect(outcome).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("over the limit of 100 ms: not trained"),
    });
    expect(steps).toBe(3);
    expect([engine.opened(), engine.closed()]).toEqual([1, 1]);
  });

  test("only what is left of a continued training counts against the time limit", async () => {
    await run({ dir, epochs: 38 }, { checkpoints: true });
    let steps = 0;
    const engine = stubEngine(async () => {
      steps++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 1;
    });
    // 40 epochs of at least 6 x 20 ms are 4.8 s at least; two of them are far less.
    const changes = { epochs: 40, limits: { timeMs: 3_000 } };
    expect((await run({ ...changes, continueFrom: dir }, {}, benchOf(engine))).state).toBe("complete");
    expect(steps).toBe(3 + 12);
    expect((await run(changes, {}, benchOf(engine))).state).toBe("failed");
  });

  test("an epoch's time is that of its training and its validation", async () => {
    const estimator = createTimeEstimator();
    // 10 ms an image: 48 of training, and 20 of validation at a third.
    estimator.learn(smallNetwork, 1, 10);
    const outcome = await run({ epochs: 1 }, {}, { ...reference(), estimator });
    expect(outcome.metrics["estimatedEpochMs"]).toBeCloseTo(480 + 200 / 3, 6);
  });

  test("the worker's own memory is what it holds now, if that is less than before", async () => {
    const engine = stubEngine(() => 1, { memoryBytes: 2 ** 20 });
    // As measured while the files of an archive were still in memory.
    const outcome = await run({ limits: { memoryBytes: 2 ** 40 } }, {}, { ...benchOf(engine), baseBytes: 2 ** 41 });
    expect(outcome.state).toBe("complete");
  });

  test("a network made for other data ends the search, not the trial", async () => {
    const wrong = (classes: number, side: number) =>
      network("wrong", [side, side, 1], (net) => net.dense("fc", net.flatten("flat", net.input), { units: classes }));
    await expect(run({}, {}, reference(), contextFor(wrong(2, 9)))).rejects.toThrow(
      "skeleton  Expected networks for images of [8, 8, 1], as halves has. Received: [9,9,1].",
    );
    await expect(run({}, {}, reference(), contextFor(wrong(3, 8)))).rejects.toThrow(
      "skeleton  Expected networks of 2 classes, as halves has. Received: 3.",
    );
  });
});

describe("files", () => {
  test("weights are left where asked for: every one, in float32", async () => {
    await run({ dir, saveWeights: true });
    const { tensors } = decodeSafetensors(readFileSync(join(dir, "weights.safetensors")));
    expect([...tensors.keys()]).toEqual(weightSpecs(smallNetwork).map(({ name }) => name));
    rmSync(join(dir, "weights.safetensors"));
    await run({ dir });
    expect(existsSync(join(dir, "weights.safetensors"))).toBe(false);
    expect(existsSync(join(dir, "checkpoint.safetensors"))).toBe(false);
  });

  test("an attempt that follows a killed one goes on from its checkpoint, with the same end and every step told", async () => {
    const whole = contextFor(smallNetwork);
    const uninterrupted = await run({}, {}, reference(), whole);
    // The first attempt dies in its third epoch: six steps an epoch.
    const settings = { checkpoints: true };
    await expect(run({ dir }, settings, benchOf(dyingEngine(15)))).rejects.toThrow("killed");
    const again = contextFor(smallNetwork);
    const resumed = await run({ dir, attempt: 1 }, settings, reference(), again);
    expect(again.reports.map(({ step, values, metrics }) => [step, values, metrics?.loss])).toEqual(
      whole.reports.map(({ step, values, metrics }) => [step, values, metrics?.loss]),
    );
    expect(resumed.metrics.imagesTrained).toBe(48);
    expect(resumed.metrics.loss).toBe(uninterrupted.metrics.loss);
    // Another seed is another training: the checkpoint is not for it.
    const other = await run({ dir, seed: 99 }, settings);
    expect(other.metrics.imagesTrained).toBe(144);
  });

  test("an interrupted retraining goes on where it was, and leaves its weights alone behind", async () => {
    const settings = { checkpoints: false };
    const changes = { dir, phase: "retrain", saveWeights: true } as const;
    const file = join(dir, "checkpoint.safetensors");
    await run(changes, settings);
    const whole = readFileSync(join(dir, "weights.safetensors"));
    rmSync(join(dir, "weights.safetensors"));
    await expect(run(changes, settings, benchOf(dyingEngine(15)))).rejects.toThrow("killed");
    expect(existsSync(file)).toBe(true);
    const resumed = await run(changes, settings);
    expect(resumed.metrics.imagesTrained).toBe(48);
    expect(readFileSync(join(dir, "weights.safetensors")).equals(whole)).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  test("a longer training can continue another trial's", async () => {
    await run({ dir, epochs: 1 }, { checkpoints: true });
    const outcome = await run({ continueFrom: dir, epochs: 3 });
    expect(outcome.metrics.imagesTrained).toBe(96);
    expect(outcome.metrics.epochs).toBe(3);
  });

  test("a trial whose forerunner can't be continued fails with the reason, and no other", async () => {
    const file = join(dir, "checkpoint.safetensors");
    const reasonOf = async (changes: Partial<Task>) => {
      const outcome = await run({ continueFrom: dir, ...changes });
      return outcome.state === "failed" ? outcome.reason : outcome.state;
    };
    expect(await reasonOf({})).toContain(`${file}  Expected a checkpoint to continue from`);
    await run({ dir, epochs: 2 }, { checkpoints: true });
    expect(await reasonOf({ epochs: 1 })).toBe(`${file}  Expected at most 1 epochs. Received: 2.`);
    writeFileSync(file, readFileSync(file).subarray(0, 200));
    expect(await reasonOf({})).toContain(file);
  });
});

describe("options", () => {
  const key = (changes: Partial<ProxyTrainingOptions>) => proxyTraining({ ...options, ...changes }).key;

  test("wrong ones are named by their path", () => {
    expect(() => proxyTraining({ data: "cifar10", epochs: "ten" as never })).toThrow(
      'evaluator.epochs  Expected a whole number of 1 or more. Received: "ten".',
    );
    expect(() => proxyTraining({ data: "cifar" as never, measures: ["speed" as never] })).toThrow(
      /evaluator\.data {2}Expected a data set such as cifar10.*\nevaluator\.measures\.0 {2}Expected one of "accuracy"/,
    );
    expect(() => proxyTraining({ data: "cifar10", recipe: { learningRate: -1 } })).toThrow(
      "evaluator.recipe.learningRate  Expected a number from 0 to 100. Received: -1.",
    );
    expect(() => proxyTraining({ data: "cifar10", recipe: { preset: "best" as never } })).toThrow(
      "evaluator.recipe.preset",
    );
    expect(() => proxyTraining({ data: "cifar10", limits: { memory: 1 } as never })).toThrow("evaluator.limits");
    expect(() => proxyTraining({ data: "mnist", recipe: { autoAugment: true } })).toThrow(
      'evaluator.recipe.autoAugment  Expected no for grey images: AutoAugment is for colours. Received: "yes".',
    );
  });

  test("the key changes with whatever changes a result, and with nothing else", () => {
    const same = key({});
    expect(key({ engine: "reference", checkpoints: true, limits: { timeMs: 1e9 } })).toBe(same);
    const others = [
      { epochs: 2 },
      { data: synthetic() },
      { data: synthetic({ seed: 1 }) },
      { data: cifar10({ train: 10_000 }) },
      { data: cifar10({ train: 10_000, splitSeed: 1 }) },
      { recipe: "nasnet-cifar" as const },
      { recipe: { ...smallRecipe, weightDecay: 0.1 } },
      { batchSize: 16 },
      { evaluateOn: "test" as const },
      { measures: ["loss" as const] },
    ].map(key);
    expect(new Set([same, ...others]).size).toBe(others.length + 1);
  });

  test("flags replace them, the data's among them", () => {
    const base = proxyTraining({ data: cifar10({ train: 10_000, validation: 2_000 }), epochs: 3 });
    expect(base.with?.({ epochs: 3 }).key).toBe(base.key);
    expect(base.with?.({ epochs: 5, train: 5_000, validation: 1_000 }).key).toBe(
      proxyTraining({ data: cifar10({ train: 5_000, validation: 1_000 }), epochs: 5 }).key,
    );
    expect(base.with?.({ data: "synthetic", train: 500 }).options["data"]).toMatchObject({
      name: "synthetic",
      train: 500,
    });
    expect(() => base.with?.({ epochs: 0 })).toThrow("evaluator.epochs");
  });

  test("its options are plain JSON that names data, epochs and the whole recipe", () => {
    const { options: facts } = proxyTraining({ data: synthetic({ train: 100 }), epochs: 2, batchSize: 16 });
    expect(JSON.parse(JSON.stringify(facts))).toMatchObject({
      data: { name: "synthetic", train: 100 },
      epochs: 2,
      recipe: { preset: "nasnet-cifar", batchSize: 16, momentum: 0.9 },
    });
  });
});

describe("in a worker", () => {
  const logger = { debug() {}, info: (message: string) => lines.push(message), warn() {}, error() {} };
  const lines: string[] = [];

  test("data and engine are loaded once, and named", async () => {
    let loads = 0;
    const counted = {
      ...halvesData,
      load: (...args: Parameters<typeof halvesData.load>) => (loads++, halvesData.load(...args)),
    };
    const evaluator = proxyTraining({ ...options, data: counted, epochs: 1 });
    await evaluator.prepare?.({ logger, engine: "reference" });
    const first = await evaluator.evaluate(task, contextFor(smallNetwork));
    const second = await evaluator.evaluate(task, contextFor(smallNetwork));
    expect(loads).toBe(1);
    expect(lines.join()).toMatch(/^halves from the user's loader; reference engine/);
    expect(first.state).toBe("complete");
    expect(second.metrics.loss).toBe(first.metrics.loss);
  });

  test("a wrong engine and wrong data are told before any trial", async () => {
    const evaluator = proxyTraining(options);
    await expect(evaluator.prepare?.({ logger, engine: "gpu" })).rejects.toThrow(
      'engine  Expected one of "auto", "native"',
    );
    const broken = { ...halvesData, load: () => Promise.reject(new Error("disk on fire")) };
    await expect(
      proxyTraining({ ...options, data: broken }).prepare?.({ logger, engine: "reference" }),
    ).rejects.toThrow("disk on fire");
    expect(await proxyTraining(options).provide?.({})).toEqual({ source: "the user's loader" });
  });
});
