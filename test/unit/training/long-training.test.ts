/** @file What a long training has beside the loop: checkpoints in the middle of an epoch, batches in parts, averages, mixed targets, a teacher. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { initializeWeights, network } from "../../../src/network/index.ts";
import {
  mergeRecipe,
  readCheckpoint,
  train,
  writeCheckpoint,
  type Recipe,
  type TrainingState,
  type TrainOptions,
} from "../../../src/training/index.ts";
import { partSizes, partsOf } from "../../../src/training/parts.ts";
import { mixTargets } from "../../../src/training/teacher.ts";
import { colourHalves, halvesDataset, smallNetwork, smallRecipe } from "../../support/small-training.ts";

const dataset = halvesDataset();
const recipeWith = (changes: Partial<Recipe>): Recipe => mergeRecipe(smallRecipe, changes, "recipe");
const base = {
  engine: openReferenceEngine(),
  network: smallNetwork,
  dataset,
  recipe: smallRecipe,
  epochs: 3,
  seed: 5,
  keepWeights: true,
} satisfies TrainOptions;

const folder = mkdtempSync(join(tmpdir(), "cellwright-long-training-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a checkpoint in the middle of an epoch", () => {
  // Everything that draws: crops, mirrors, cut squares, mixup, drop path; and everything that is kept: two slots and an average.
  const rich = recipeWith({
    optimizer: "adamw",
    squareDecay: 0.99,
    learningRate: 0.01,
    emaDecay: 0.9,
    mixup: 0.4,
    cutout: 2,
  });

  test.each([
    ["plain", smallRecipe, 9, base],
    ["with everything on", rich, 8, base],
    ["at the last step of an epoch", rich, 11, base],
    ["with everything on, in colour with AutoAugment", { ...rich, autoAugment: true }, 9, colourHalves()],
  ])("%s is gone on from with the bits of a training that was not interrupted", async (_, recipe, stopAt, given) => {
    const task = { ...base, network: given.network, dataset: given.dataset, recipe };
    const whole = await train(task);
    const stop = new AbortController();
    let taken: TrainingState | undefined;
    const first = await train({
      ...task,
      signal: stop.signal,
      onStep: ({ step }) => (step === stopAt ? stop.abort() : undefined),
      checkpoints: {
        isDue: () => stop.signal.aborted,
        write: async (state) => {
          taken = state;
          await writeCheckpoint(join(folder, "checkpoint.safetensors"), task.network, { identity: "", ...state });
        },
      },
    });
    expect(first.state).toBe("aborted");
    expect(taken?.part?.steps).toBe((stopAt % 6) + 1);
    const checkpoint = await readCheckpoint(join(folder, "checkpoint.safetensors"), task.network);
    expect(checkpoint?.part).toEqual(taken?.part);
    const steps: number[] = [];
    const rest = await train({
      ...task,
      onStep: ({ step }) => steps.push(step),
      ...(checkpoint && { continueFrom: checkpoint }),
    });
    expect(steps[0]).toBe(stopAt + 1);
    expect(rest.history).toEqual(whole.history);
    expect(rest.weights).toEqual(whole.weights);
  });
});

describe("a batch in parts", () => {
  test("is cut as evenly as can be", () => {
    expect(partSizes(96, 32)).toEqual([32, 32, 32]);
    expect(partSizes(10, 4)).toEqual([4, 3, 3]);
    expect(partSizes(8, 8)).toEqual([8]);
    const images = Float32Array.from({ length: 10 }, (_, k) => k);
    const parts = partsOf({ size: 5, images, labels: Uint8Array.of(0, 1, 2, 3, 4) }, 2);
    expect(parts.map(({ images: each }) => [...each])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(parts.map(({ labels }) => [...labels])).toEqual([[0, 1], [2, 3], [4]]);
  });

  test("trains as the whole batch does, where no batch norm sees the parts", async () => {
    const plain = network("plain", [8, 8, 1], (net) =>
      net.dense("head", net.flatten("flat", net.conv("conv", net.input, { filters: 2, kernel: 3, stride: 2 })), {
        units: 2,
      }),
    );
    const whole = await train({ ...base, network: plain, epochs: 1 });
    const parts = await train({ ...base, network: plain, epochs: 1, largestPart: 3 });
    for (const [name, values] of whole.weights ?? [])
      // Sums of single-precision gradients in another order: a few units in the last place over six steps.
      for (const [i, value] of values.entries()) expect(parts.weights?.get(name)?.[i]).toBeCloseTo(value, 5);
  });
});

describe("the recipe", () => {
  test("begins residual branches at nothing, and keeps the average of the weights", async () => {
    let first: TrainingState | undefined;
    await train({
      ...base,
      network: residual,
      recipe: recipeWith({ zeroLastGamma: true, learningRate: 0 }),
      epochs: 1,
      onEpoch: async (_, snapshot): Promise<"continue"> => {
        first = await snapshot();
        return "continue";
      },
    });
    expect([...(first?.state.weights.get("branch/bn/gamma") ?? [])]).toEqual([0, 0]);
    expect([...(first?.state.weights.get("stem/bn/gamma") ?? [])]).toEqual([1, 1]);

    let last: TrainingState | undefined;
    const averaged = await train({
      ...base,
      recipe: recipeWith({ emaDecay: 0.99 }),
      onEpoch: async (_, snapshot): Promise<"continue"> => {
        last = await snapshot();
        return "continue";
      },
    });
    expect(averaged.weights).toEqual(last?.state.average);
    expect(averaged.weights?.get("head/dense/kernel")).not.toEqual(last?.state.weights.get("head/dense/kernel"));
  });

  test("drops before the classifier, without a weight more", async () => {
    const dropped = await train({ ...base, recipe: recipeWith({ dropout: 0.5 }) });
    const plain = await train(base);
    expect([...(dropped.weights?.keys() ?? [])]).toEqual([...(plain.weights?.keys() ?? [])]);
    expect(dropped.history).not.toEqual(plain.history);
  });
});

const residual = network("residual", [8, 8, 1], (net) => {
  const stem = net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters: 2, kernel: 3, stride: 4 }));
  const branch = net.batchNorm("branch/bn", net.conv("branch/conv", stem, { filters: 2, kernel: 3 }));
  return net.dense("head", net.flatten("flat", net.add("add", [stem, branch])), { units: 2 });
});

describe("a teacher", () => {
  test("has its share in the targets, by its temperature", () => {
    const batch = { size: 2, images: new Float32Array(2), labels: Uint8Array.of(0, 2) };
    const targets = mixTargets(batch, [0, 0, 0, Math.log(4), 0, 0], 3, 0.5, 2);
    const third = 1 / 6;
    // exp(log(4) / 2) = 2 against 1 and 1; single precision.
    const expected = [0.5 + third, third, third, 0.25, 0.125, 0.625];
    for (const [i, value] of expected.entries()) expect(targets[i]).toBeCloseTo(value, 6);
    const soft = mixTargets({ ...batch, targets: Float32Array.of(0.7, 0.3, 0, 0, 0, 1) }, [0, 0, 0, 0, 0, 0], 3, 0, 1);
    expect([...soft]).toEqual([...Float32Array.of(0.7, 0.3, 0, 0, 0, 1)]);
  });

  test("changes what is learnt, and is refused where its classes are others", async () => {
    const teacher = { network: smallNetwork, weights: initializeWeights(smallNetwork, 1) };
    const alone = await train({ ...base, epochs: 1 });
    const taught = await train({ ...base, epochs: 1, teacher });
    expect(taught.history).not.toEqual(alone.history);
    const off = await train({ ...base, epochs: 1, teacher, recipe: recipeWith({ distillWeight: 0 }) });
    expect(off.weights).toEqual(alone.weights);
    const other = network("other", [8, 8, 1], (net) => net.dense("d", net.flatten("f", net.input), { units: 3 }));
    await expect(train({ ...base, teacher: { network: other, weights: initializeWeights(other, 0) } })).rejects.toThrow(
      'teacher other  Expected images of 8 x 8 x 1 and 2 classes, as small has. Received: "8 x 8 x 1 and 3 classes".',
    );
  });
});
