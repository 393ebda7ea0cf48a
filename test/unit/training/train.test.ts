/** @file The training loop: it learns, repeats itself to the bit, goes on from a checkpoint, and ends for every reason it may. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Engine, SessionOptions, StepOptions } from "../../../src/engines/engine.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import {
  dropPathRateAt,
  learningRateAt,
  mergeRecipe,
  readCheckpoint,
  recipes,
  train,
  writeCheckpoint,
  type EpochSummary,
  type Recipe,
  type TrainingState,
  type TrainOptions,
} from "../../../src/training/index.ts";
import { halvesDataset, smallNetwork, smallRecipe, stubEngine } from "../../support/small-training.ts";

const dataset = halvesDataset();
const base = {
  engine: openReferenceEngine(),
  network: smallNetwork,
  dataset,
  recipe: smallRecipe,
  epochs: 4,
  seed: 5,
  keepWeights: true,
} satisfies TrainOptions;

const folder = mkdtempSync(join(tmpdir(), "cellwright-training-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("training", () => {
  test("learns what the network can learn, and tells each epoch", async () => {
    const epochs: EpochSummary[] = [];
    const result = await train({
      ...base,
      epochs: 6,
      onEpoch(summary) {
        epochs.push(summary);
        return "continue";
      },
    });
    expect(result.state).toBe("complete");
    expect(result.history).toEqual(epochs);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(result.imagesTrained).toBe(6 * 48);
    // Two classes of which a linear rule separates nearly all; chance is 0.5.
    expect(epochs.at(-1)?.accuracy).toBeGreaterThan(0.8);
    expect(epochs.at(-1)?.trainLoss).toBeLessThan(epochs[0]?.trainLoss as number);
    expect(result.trainMs + result.validationMs + result.dataMs + result.openMs).toBeLessThanOrEqual(result.totalMs);
    expect(result.trainMs).toBeGreaterThan(0);
    expect(result.peakMemoryBytes).toBeGreaterThan(2 ** 20);
  });

  test("is the same to the bit for the same seed, and another for another", async () => {
    const [a, b, other] = [await train(base), await train(base), await train({ ...base, seed: 6 })];
    expect(b.history).toEqual(a.history);
    expect(b.weights).toEqual(a.weights);
    expect(other.weights).not.toEqual(a.weights);
  });

  test("evaluates on the split it is told", async () => {
    let size = 0;
    const engine = stubEngine(() => 1);
    const open = engine.open.bind(engine);
    const watched: typeof engine = {
      ...engine,
      open: async (...args) => {
        const session = await open(...args);
        return {
          ...session,
          evaluate: async (batch) => {
            size += batch.size;
            return { loss: 1, correct: 0 };
          },
        };
      },
    };
    await train({ ...base, engine: watched, epochs: 1, evaluateOn: "test" });
    expect(size).toBe(10);
    await train({ ...base, engine: watched, epochs: 1 });
    expect(size).toBe(30);
  });
});

describe("the recipe", () => {
  const recipe = mergeRecipe(
    recipes["nasnet-paper"],
    { batchSize: 8, nesterov: true, labelSmoothing: 0.1, learningRate: 0.2, warmupEpochs: 0.5, dropPathRate: 0.3 },
    "recipe",
  );

  /** Trains two epochs of six steps on an engine that computes nothing; returns all that it was told. */
  async function toldBy(changes: Partial<Recipe>) {
    const opened: SessionOptions[] = [];
    const steps: StepOptions[] = [];
    const stub = stubEngine(() => 1);
    const engine: Engine = {
      ...stub,
      async open(network, options) {
        opened.push(options);
        const session = await stub.open(network, options);
        return {
          ...session,
          trainStep(batch, options) {
            steps.push(options);
            return session.trainStep(batch, options);
          },
        };
      },
    };
    await train({ ...base, engine, recipe: { ...recipe, ...changes }, epochs: 2, seed: 9 });
    return { opened, steps };
  }

  test("reaches the engine whole: optimizer, loss, batch and seed", async () => {
    const { opened } = await toldBy({});
    expect(opened).toEqual([
      {
        batchSize: 8,
        seed: 9,
        optimizer: { momentum: 0.9, nesterov: true, weightDecay: 5e-4, clipNorm: 5 },
        loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
      },
    ]);
    expect((await toldBy({ clipNorm: 0 })).opened[0]?.optimizer).not.toHaveProperty("clipNorm");
  });

  test("sets learning rate and drop path of every step, counted over all epochs", async () => {
    const { steps } = await toldBy({});
    const span = { stepsPerEpoch: 6, epochs: 2 };
    expect(steps).toEqual(
      Array.from({ length: 12 }, (_, step) => ({
        step,
        learningRate: learningRateAt(recipe, step, span),
        dropPathRate: dropPathRateAt(recipe, step, span),
      })),
    );
    expect(new Set(steps.map(({ dropPathRate }) => dropPathRate)).size).toBe(12);
  });
});

describe("ending early", () => {
  test("a loss that is not finite fails with step and learning rate", async () => {
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const engine = stubEngine((step) => (step === 7 ? loss : 1));
      const recipe = { ...smallRecipe, warmupEpochs: 0, learningRate: 0.2, finalLearningRate: 0.2 };
      const result = await train({ ...base, engine, recipe });
      expect(result.state).toBe("failed");
      expect(result.reason).toBe("loss was not finite at step 7 (learning rate 0.2)");
      expect(engine.closed()).toBe(1);
    }
  });

  test("a validation loss that is not finite fails, too", async () => {
    const result = await train({ ...base, engine: stubEngine(() => 1, { evaluationLoss: Number.NaN }) });
    expect([result.state, result.reason]).toEqual(["failed", "validation loss was not finite"]);
  });

  test("an answer of stop ends it after that epoch; after the last one it is complete", async () => {
    const stopAt = (epoch: number) =>
      train({ ...base, engine: stubEngine(() => 1), onEpoch: (s) => (s.epoch === epoch ? "stop" : "continue") });
    const early = await stopAt(2);
    expect([early.state, early.history.length]).toEqual(["stopped", 2]);
    expect((await stopAt(4)).state).toBe("complete");
  });

  test("an abort that arrives through the event loop ends it between two steps", async () => {
    const controller = new AbortController();
    let steps = 0;
    // Steps that block and last 30 s in all: the abort below can only arrive if the loop yields.
    const engine = stubEngine(() => {
      steps++;
      const until = performance.now() + 5;
      while (performance.now() < until);
      return 1;
    });
    setTimeout(() => controller.abort(), 1);
    const result = await train({ ...base, engine, epochs: 1000, signal: controller.signal });
    expect(result.state).toBe("aborted");
    expect(steps).toBeLessThan(6 * 1000);
    expect(engine.closed()).toBe(1);
  });

  test("no step follows an abort", async () => {
    const controller = new AbortController();
    let steps = 0;
    const engine = stubEngine(() => {
      if (++steps === 3) controller.abort();
      return 1;
    });
    expect((await train({ ...base, engine, signal: controller.signal })).state).toBe("aborted");
    expect(steps).toBe(3);
  });

  test("an engine that throws is heard, and its session closed", async () => {
    const engine = stubEngine(() => Promise.reject(new Error("device lost")));
    await expect(train({ ...base, engine })).rejects.toThrow("device lost");
    expect(engine.closed()).toBe(1);
  });
});

test("progress grows from 0 to 1, counted in steps", async () => {
  const beats: number[] = [];
  const engine = stubEngine(() => {
    const until = performance.now() + 60;
    while (performance.now() < until);
    return 1;
  });
  await train({ ...base, engine, epochs: 2, onProgress: ({ fraction }) => beats.push(fraction) });
  expect(beats.length).toBeGreaterThan(0);
  expect(beats).toEqual([...beats].sort((a, b) => a - b));
  expect(beats.at(-1)).toBeLessThanOrEqual(1);
});

describe("checkpoints", () => {
  test("a training that goes on from one has the bits of one that was not interrupted", async () => {
    const whole = await train(base);
    const file = join(folder, "checkpoint.safetensors");
    const interrupted = await train({
      ...base,
      async onEpoch(summary, snapshot) {
        await writeCheckpoint(file, smallNetwork, { identity: "x", ...(await snapshot()) });
        return summary.epoch === 2 ? "stop" : "continue";
      },
    });
    expect(interrupted.state).toBe("stopped");
    const checkpoint = await readCheckpoint(file, smallNetwork);
    expect(checkpoint?.identity).toBe("x");
    expect(checkpoint?.history).toEqual(whole.history.slice(0, 2));
    const resumed = await train({ ...base, continueFrom: checkpoint as TrainingState });
    expect(resumed.history).toEqual(whole.history);
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.imagesTrained).toBe(2 * 48);
    // What only the momentum buffers can give: without them the bits differ.
    const momentum = new Map<string, Float32Array>();
    for (const [name, values] of checkpoint?.state.slots.get("momentum") ?? [])
      momentum.set(name, new Float32Array(values.length));
    const state = { weights: checkpoint?.state.weights ?? new Map(), slots: new Map([["momentum", momentum]]) };
    const forgetful = await train({ ...base, continueFrom: { history: checkpoint?.history ?? [], state } });
    expect(forgetful.weights).not.toEqual(whole.weights);
    expect(readdirSync(folder)).toEqual(["checkpoint.safetensors"]);
  });

  test("one that is cut off, or of another network, is named", async () => {
    const file = join(folder, "broken.safetensors");
    expect(await readCheckpoint(file, smallNetwork)).toBeUndefined();
    writeFileSync(file, "no checkpoint");
    await expect(readCheckpoint(file, smallNetwork)).rejects.toThrow(file);
    const state = { weights: new Map(), slots: new Map() };
    await writeCheckpoint(file, smallNetwork, { identity: "x", history: [], state });
    await expect(readCheckpoint(file, smallNetwork)).rejects.toThrow("weights/stem/conv/kernel of shape [3, 3, 1, 4]");
  });
});
