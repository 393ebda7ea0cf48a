/** @file The code of docs/data-and-evaluators.md, with what it leaves to its reader: how leaves are read, and how a network is timed. */
import { defineDataset, imageFolder, type ImageSet } from "cellwright/data";
import { openEngine } from "cellwright/engines";
import { cifar10, functional, proxyTraining } from "cellwright/evaluators";
import { inferShapes, type Network } from "cellwright/network";

export const quick = proxyTraining({
  data: cifar10({ train: 10_000, validation: 2_000 }), // class-balanced, drawn by splitSeed; the test split is the official one
  epochs: 4,
  recipe: "nasnet-cifar", // or changes to one: { preset: "nasnet-cifar", learningRate: 0.05 }
  measures: ["accuracy"], // also loss, params, total, macs, estimatedMemoryBytes
  checkpoints: true, // a trial whose worker died goes on after its last epoch, to the same bits (a retraining always does)
  limits: { memoryBytes: 2 ** 31, timeMs: 10 * 60_000 }, // a candidate that would exceed them is failed with the reason before it trains
});

export const flowers = imageFolder({
  folder: "flowers", // a path, or a name below a data folder: flowers/daisy/1.jpg, flowers/rose/2.png …
  classes: ["daisy", "rose", "tulip"], // default: the subfolders that are there
  height: 64, // the study's skeleton needs the same: skeleton: { input: [64, 64, 3], classes: 3 }
  width: 64,
  resize: "crop", // the shorter side scaled, the longer one cut, centred; "stretch" keeps all and bends
  broken: "skip", // a picture that can't be decoded is left out and counted; default: an error that names it
});

export const leaves = defineDataset({
  name: "leaves",
  inputShape: [64, 64, 3], // the study's skeleton needs the same: skeleton: { input: [64, 64, 3], classes: 12 }
  classes: 12,
  options: { version: 2 }, // plain JSON: results under other options are not taken for these
  async load({ dir }) {
    // Each split: { size, height, width, channels, pixels: Uint8Array [size, h, w, c], labels: Uint8Array [size], classes: names }
    const [train, validation] = await Promise.all([readLeaves("train", dir), readLeaves("validation", dir)]);
    return { train, validation };
  },
});

/** Stands in for reading files: as many images as there are classes, each of one shade of green. */
async function readLeaves(split: string, dir = "."): Promise<ImageSet> {
  const classes = Array.from({ length: 12 }, (_, i) => `species ${i}`);
  const shade = split === "train" && dir !== "" ? 16 : 17;
  const pixels = Uint8Array.from({ length: 12 * 64 * 64 * 3 }, (_, i) =>
    i % 3 === 1 ? shade * Math.floor(i / (64 * 64 * 3)) : 0,
  );
  const labels = Uint8Array.from(classes.keys());
  return await Promise.resolve({ size: 12, height: 64, width: 64, channels: 3, pixels, labels, classes });
}

export const latency = functional(
  "latency",
  async ({ network, report, signal }) => {
    const times: number[] = [];
    for (let step = 1; step <= 5 && !signal.aborted; step++) {
      times.push(await timeOnce(network));
      if ((await report(step, { latencyMs: Math.min(...times) })) === "stop") break; // the pruner has spoken
    }
    return { latencyMs: Math.min(...times), slowestMs: Math.max(...times) }; // further names are stored as metrics
  },
  { measures: ["latencyMs"], version: 1 }, // raise the version when its results change
);

/** Returns the milliseconds of one prediction in the oracle, which is there on every machine. */
async function timeOnce(network: Network): Promise<number> {
  const engine = await openEngine("reference");
  const session = await engine.open(network, {
    batchSize: 1,
    seed: 0,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
  });
  const input = network.nodes.find((node) => node.op === "input");
  const shape = (input && inferShapes(network).get(input.id)) ?? [];
  const began = performance.now();
  await session.predict(new Float32Array(shape.reduce((product, side) => product * side, 1)), 1);
  const took = performance.now() - began;
  await session.close();
  return took;
}
