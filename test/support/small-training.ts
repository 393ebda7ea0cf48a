/** @file A data set, a network and an engine small enough that a training takes milliseconds. */
import { createRng } from "../../src/base/rng.ts";
import type { Dataset, ImageSet } from "../../src/data/dataset.ts";
import { defineDataset } from "../../src/data/define.ts";
import { channelStatistics } from "../../src/data/image-sets.ts";
import type { Engine, Session } from "../../src/engines/engine.ts";
import { network, type Network } from "../../src/network/index.ts";
import { mergeRecipe, recipes } from "../../src/training/index.ts";

/** 8x8 grey images, bright above or below the middle: a network of a few weights tells them apart. */
function halves(size: number, label: string): ImageSet {
  const rng = createRng(label);
  const labels = Uint8Array.from({ length: size }, (_, k) => k % 2);
  const pixels = Uint8Array.from({ length: size * 64 }, (_, at) => {
    const top = Math.floor(at / 32) % 2;
    return (top === labels[Math.floor(at / 64)] ? 80 : 0) + rng.int(150);
  });
  return { size, height: 8, width: 8, channels: 1, pixels, labels, classes: ["below", "above"] };
}

export const halvesData = defineDataset({
  name: "halves",
  inputShape: [8, 8, 1],
  classes: 2,
  options: { train: 48 },
  load: () => ({ train: halves(48, "train"), validation: halves(20, "validation"), test: halves(10, "test") }),
});

export function halvesDataset(): Dataset {
  const train = halves(48, "train");
  return {
    name: "halves",
    source: "drawn",
    train,
    validation: halves(20, "validation"),
    test: halves(10, "test"),
    ...channelStatistics(train),
  };
}

/** Convolution, batch norm, drop path, dense: a part of everything whose state a training has. */
export const smallNetwork = network("small", [8, 8, 1], (net) => {
  const stem = net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters: 4, kernel: 3, stride: 2 }));
  const left = net.dropPath(
    "cell/drop",
    net.conv("cell/conv", net.activate("cell/relu", stem), { filters: 4, kernel: 1 }),
    1,
  );
  const sum = net.add("cell/add", [stem, left]);
  return net.dense("head/dense", net.flatten("head/flatten", net.activate("head/relu", sum)), { units: 2 });
});

/** No crops and no mirrors: a shifted image of the set may show nothing of its class. */
export const smallRecipe = mergeRecipe(
  recipes["nasnet-cifar"],
  { batchSize: 8, learningRate: 0.05, cropPadding: 1, flip: true, dropPathRate: 0.2 },
  "recipe",
);

/** `halvesDataset` and `smallNetwork` in colour: three channels, each with noise of its own. */
export function colourHalves(): { readonly dataset: Dataset; readonly network: Network } {
  const inColour = (set: ImageSet, label: string): ImageSet => {
    const rng = createRng(label);
    const pixels = Uint8Array.from({ length: set.pixels.length * 3 }, (_, at) =>
      Math.min(255, (set.pixels[Math.floor(at / 3)] as number) + rng.int(40)),
    );
    return { ...set, channels: 3, pixels };
  };
  const grey = halvesDataset();
  const train = inColour(grey.train, "colour/train");
  const dataset = {
    ...grey,
    ...channelStatistics(train),
    train,
    validation: inColour(grey.validation, "colour/validation"),
    test: inColour(grey.test, "colour/test"),
  };
  const nodes = smallNetwork.nodes.map((node) =>
    node.op === "input" ? { ...node, attributes: { ...node.attributes, shape: [8, 8, 3] as const } } : node,
  );
  return { dataset, network: { ...smallNetwork, name: "small in colour", nodes } };
}

/** An engine whose steps say what the test wants; nothing is computed. `onStep` may throw or return a loss. */
export function stubEngine(
  onStep: (step: number, size: number, learningRate: number) => number | Promise<number>,
  options: { readonly memoryBytes?: number; readonly evaluationLoss?: number } = {},
): Engine & { readonly opened: () => number; readonly closed: () => number } {
  let opened = 0;
  let closed = 0;
  return {
    name: "stub",
    target: "test",
    opened: () => opened,
    closed: () => closed,
    estimateMemory: () => ({ bytes: options.memoryBytes ?? 1000 }),
    async open(): Promise<Session> {
      opened++;
      return {
        trainStep: async (batch, { step, learningRate }) => {
          const parts = "size" in batch ? [batch] : batch;
          const size = parts.reduce((sum, part) => sum + part.size, 0);
          return { loss: await onStep(step, size, learningRate), correct: size };
        },
        evaluate: async (batch) => ({ loss: options.evaluationLoss ?? 0.5, correct: batch.size }),
        predict: async () => new Float32Array(0),
        gradients: async () => ({ loss: 0, gradients: new Map() }),
        save: async () => ({ weights: new Map(), slots: new Map() }),
        restore: async () => undefined,
        close: async () => {
          closed++;
        },
      };
    },
  };
}
