/** @file `train` before anything is trained: flags over a file's keys, networks made for data, errors that name the place; and its live view. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { epochLine, trainingLines, trainingProgressText } from "../../../src/cli/live/training-lines.ts";
import {
  applyTrainingEvent,
  beginTraining,
  trainingLeftMs,
  trainingRate,
  type TrainingState,
} from "../../../src/cli/live/training-state.ts";
import { watchTraining } from "../../../src/cli/live/watch-training.ts";
import { runCli } from "../../../src/cli/program.ts";
import { givenFlags, withGivenFlags } from "../../../src/cli/train/flags.ts";
import { changedText, trainingSubject } from "../../../src/cli/train/subject.ts";
import { networkSizes } from "../../../src/network/index.ts";
import { usualData } from "../../../src/study/training/data.ts";
import { chooseRecipe, readTrainingFile } from "../../../src/study/training/options.ts";
import type { TrainingEvent } from "../../../src/study/training/events.ts";
import { memoryIo } from "./fixtures.ts";

const dir = mkdtempSync(join(tmpdir(), "cellwright-train-cli-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function failure(...args: string[]): Promise<string> {
  const io = memoryIo();
  expect(await runCli(["train", ...args, "--results", join(dir, "results")], io)).toBe(2);
  return io.err.text();
}

describe("train says what is wrong, and where", () => {
  it.each([
    [["lenet-5", "--epochs", "0"], '--epochs  Expected a whole number of 1 or more. Received: "0".'],
    [["lenet-5", "--validation", "5"], "train.validation  Expected 0, or a whole number of 10 or more. Received: 5."],
    [["lenet-5", "--auto-augment", "maybe"], '--auto-augment  Expected one of yes, no. Received: "maybe".'],
    [
      ["lenet-5", "--dataset", "mnist", "--auto-augment", "yes"],
      'recipe.autoAugment  Expected no for grey images: AutoAugment is for colours. Received: "yes".',
    ],
    [
      ["lenet-5", "--dataset", "mnist", "--recipe", "efficientnet-paper"],
      'recipe.autoAugment  Expected no for grey images: AutoAugment is for colours. Received: "yes".',
    ],
    [["lenet-5", "--optimizer", "lion"], '--optimizer  Expected one of sgd, rmsprop, adamw. Received: "lion".'],
    [
      ["lenet-5", "--dataset", "/nowhere"],
      'or a folder of pictures with a subfolder for each class. Received: "/nowhere".',
    ],
    [
      ["alexnet", "--dataset", "mnist"],
      "it was made for 224 x 224 x 3 and 1000 classes). Received: 28 x 28 x 1 and 10 classes",
    ],
    [["resnet-50"], "--dataset  Expected a data set for images of 224 x 224 x 3. Received: nothing."],
    [
      ["lenet-5", "--skeleton", "filters=4"],
      '--skeleton  Expected a space\'s candidate to size. Received: "the network lenet-5".',
    ],
    [
      ["lenet-5", "--teacher", "/nowhere"],
      "--teacher  Expected the folder of a trained network, with network.json and weights.safetensors.",
    ],
    [["--resume", "none"], "--resume  Expected the name of a training run in "],
    [
      ["lenet-5", "--resume", "none", "--seed", "3"],
      'Expected the run alone, beside --threads, --checkpoint-minutes, --data and --json. Received: "lenet-5, --seed".',
    ],
    [[], "train  Expected what to train, such as resnet-20-cifar. Received: nothing."],
  ])("%j", async (args, message) => {
    expect(await failure(...args)).toContain(message);
  });

  it("names the key of a file", async () => {
    const file = join(dir, "wrong.yaml");
    writeFileSync(file, "network: lenet-5\nepochs: ten\nspeed: 3\n");
    await expect(readTrainingFile(file)).rejects.toThrow(
      `${file}.epochs  Expected a whole number of 1 or more. Received: "ten".`,
    );
    await expect(readTrainingFile(file)).rejects.toThrow("Expected only these options: network, name, dataset");
    await expect(readTrainingFile(join(dir, "none.yaml"))).rejects.toThrow('Received: "no such file".');
  });
});

describe("flags and keys", () => {
  it("lie over a file's, a recipe's among them", () => {
    const file = { network: "lenet-5", epochs: 3, recipe: { preset: "nasnet-paper", cutout: 8 } };
    const over = withGivenFlags(file, { epochs: 5, learningRate: 0.1, zeroLastGamma: true, autoAugment: true });
    expect(over).toEqual({
      network: "lenet-5",
      epochs: 5,
      recipe: { preset: "nasnet-paper", cutout: 8, learningRate: 0.1, zeroLastGamma: true, autoAugment: true },
    });
    // Another recipe is that recipe.
    expect(withGivenFlags(file, { recipe: "darts-paper" }).recipe).toEqual({ preset: "darts-paper" });
    expect(withGivenFlags({}, {})).toEqual({});
    expect(givenFlags({ epochs: 1, learningRate: 1, recipe: "x", results: "r" })).toEqual([
      "--epochs",
      "--learning-rate",
      "--recipe",
    ]);
  });

  it("choose a recipe with the epochs it was made for", () => {
    expect(chooseRecipe({}, "lenet-mnist")).toMatchObject({ recipeName: "lenet-mnist", epochs: 20 });
    const chosen = chooseRecipe({ recipe: { preset: "darts-paper", batchSize: 64 }, epochs: 2 }, "lenet-mnist");
    expect(chosen).toMatchObject({ recipeName: "darts-paper", epochs: 2, recipe: { batchSize: 64, cutout: 16 } });
    expect(() => chooseRecipe({ recipe: "best" }, "lenet-mnist")).toThrow(/^recipe {2}Expected one of nasnet-paper/);
  });

  it("find the data that sizes say", () => {
    expect(usualData({ input: [28, 28, 1], classes: 10 })).toBe("mnist");
    expect(usualData({ input: [32, 32, 3], classes: 10 })).toBe("cifar10");
    expect(usualData({ input: [32, 32, 3], classes: 100 })).toBe("cifar100");
    expect(usualData({ input: [224, 224, 3], classes: 1000 })).toBeUndefined();
  });
});

describe("what is trained is made for the data", () => {
  const results = join(dir, "results");
  const sizes = { input: [28, 28, 1], classes: 5 } as const;

  it.each(["nasnet-a", "darts@3", "nas-bench-201@1", "resnet-20-cifar"])("%s", async (target) => {
    const subject = await trainingSubject(target, { results, skeleton: {} });
    expect(networkSizes(subject.madeFor(sizes))).toEqual(sizes);
    expect(changedText(subject.sizes, sizes)).toBe("images 32 x 32 x 3 to 28 x 28 x 1, classes 10 to 5");
    expect(changedText(sizes, sizes)).toBeUndefined();
  });

  it("at the size asked for", async () => {
    const of = async (filters: number) => {
      const subject = await trainingSubject("nasnet-a", { results, skeleton: { filters, cellsPerStack: 1 } });
      return subject.madeFor(subject.sizes).nodes.find((node) => node.op === "conv")?.attributes;
    };
    expect((await of(4))?.["filters" as never]).toBeLessThan((await of(16))?.["filters" as never] ?? 0);
  });
});

const summary = (epoch: number, accuracy: number) => ({ epoch, trainLoss: 1, trainAccuracy: 0.5, loss: 0.9, accuracy });
const step = (at: number, size = 10): TrainingEvent => ({
  kind: "step",
  figures: { step: at, epoch: Math.floor(at / 4) + 1, learningRate: 0.1, loss: 2, size, correct: 5, workMs: 1 },
});

describe("the live view", () => {
  const begun = beginTraining({ epochs: 3, stepsPerEpoch: 4, history: [], steps: 0 }, 0);
  const after = (events: readonly TrainingEvent[], from: TrainingState = begun): TrainingState =>
    events.reduce((state, event, index) => applyTrainingEvent(state, event, (index + 1) * 1_000), from);

  it("counts steps, images per second and the time that is left", () => {
    const state = after([step(0), step(1), step(2), step(3), { kind: "progress", fraction: 0.25 }]);
    expect(state.steps).toBe(4);
    // Ten images in each of four seconds; a quarter in five seconds leaves fifteen.
    expect(trainingRate(state, 4_000)).toBe(10);
    expect(trainingLeftMs(state, 5_000)).toBe(15_000);
    const next = after([{ kind: "epoch", summary: summary(1, 0.6), imagesPerSecond: 10 }, step(4, 20)], state);
    expect([next.epoch, next.steps, next.seen]).toEqual([2, 1, 20]);
  });

  it("goes on from where a run stands", () => {
    const state = beginTraining(
      { epochs: 4, stepsPerEpoch: 4, history: [summary(1, 0.5), summary(2, 0.7)], steps: 2 },
      0,
    );
    expect([state.epoch, state.steps, state.fraction]).toEqual([3, 2, 0.625]);
    expect(trainingLeftMs({ ...state, fraction: 0.75 }, 10_000)).toBe(20_000);
  });

  it("fits any width, the important first", () => {
    const state = after([step(0), step(1), { kind: "epoch", summary: summary(1, 0.6), imagesPerSecond: 10 }, step(4)]);
    const title = { name: "lenet", head: "lenet-5 · 61,706 params", split: "validation" } as const;
    const { colors } = memoryIo();
    for (const width of [24, 40, 80, 120])
      for (const line of trainingLines(state, title, 5_000, width, colors)) expect(line.length).toBeLessThan(width);
    const wide = trainingLines(state, title, 5_000, 120, colors).join("\n");
    for (const text of [
      "lenet   lenet-5",
      "epoch 2/3",
      "step 1/4",
      "loss 2.0000",
      "validation 0.6000",
      "best 0.6000 in epoch 1",
    ])
      expect(wide).toContain(text);
    expect(trainingLines(state, title, 5_000, 24, colors)[1]).toContain("epoch 2/3");
    const testing = after([{ kind: "testing", done: 500, of: 1_000 }], state);
    expect(trainingLines(testing, title, 6_000, 120, colors)[1]).toContain("testing 500/1,000 images");
  });

  it("is plain lines where there is no terminal: one for each epoch", () => {
    const io = memoryIo();
    const title = { name: "lenet", head: "lenet-5", split: "test" } as const;
    const watch = watchTraining(io, title, { epochs: 10, stepsPerEpoch: 4, history: [], steps: 0 });
    watch.observe(step(0));
    io.clock.nowMs = 40_000;
    watch.observe(step(1));
    watch.observe({ kind: "epoch", summary: summary(1, 0.6), imagesPerSecond: 1234.4 });
    watch.done();
    watch.done();
    expect(io.out.text().split("\n")).toEqual([
      "lenet   lenet-5",
      "epoch 1/10   step 2/4   loss 2.0000   10 img/s".replace("   10 img/s", ""),
      "epoch  1/10   loss 1.0000   accuracy 0.5000   test loss 0.9000   accuracy 0.6000   1,234 img/s",
      "",
    ]);
    expect(epochLine(summary(2, 0.25), 3, "validation")).toBe(
      "epoch 2/3   loss 1.0000   accuracy 0.5000   validation loss 0.9000   accuracy 0.2500",
    );
    expect(trainingProgressText(begun, 0)).toBe("epoch 1/3   step 0/4");
  });
});
