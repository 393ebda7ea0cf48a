/**
 * @file What making a batch costs beside the step that trains on it: NASNet-A N=1 F=8 on the native engine, CIFAR-10 crops and mirrors. Best of
 * several, so that other work on the machine counts little. Run: `npx jiti bench/data-path.ts [--batch 64]`. Goal: under 3%.
 */
import { parseArgs } from "node:util";
import { createRng } from "../src/base/rng.ts";
import { createBatcher, synthetic, trainingBatches } from "../src/data/index.ts";
import { openEngine } from "../src/engines/index.ts";
import type { Network } from "../src/network/index.ts";
import { recipes } from "../src/training/index.ts";
import { engineOptions } from "../src/training/recipe.ts";
import { nasnet } from "../search-spaces/index.ts";

const { values: flags } = parseArgs({ options: { batch: { type: "string", default: "64" } } });
const batchSize = Number(flags.batch);
const genotype = nasnet.named["nasnet-a"];
if (genotype === undefined) throw new Error("Expected nasnet-a among the named genotypes.");
const network = nasnet.decode(genotype, { cellsPerStack: 1, filters: 8 }).network as Network;
const dataset = await synthetic({ train: batchSize * 30, validation: 10 }).load({});
const engine = await openEngine("native");
const recipe = { ...recipes["nasnet-cifar"], cutout: 8 };
const session = await engine.open(network, { batchSize, seed: 0, ...engineOptions(recipe) });
const batcher = createBatcher(dataset, dataset.train, batchSize);
let [bestFill, bestStep, bestEvaluation] = [Infinity, Infinity, Infinity];
const batches = trainingBatches(batcher, dataset.train.size, 0, recipe, createRng(0));
for (let step = 0; ; step++) {
  const begun = performance.now();
  const { value: batch } = batches.next();
  const filled = performance.now();
  if (!batch) break;
  await session.trainStep(batch, { step, learningRate: 0.01, dropPathRate: 0 });
  const trained = performance.now();
  await session.evaluate(batch);
  bestEvaluation = Math.min(bestEvaluation, performance.now() - trained);
  bestStep = Math.min(bestStep, trained - filled);
  // The first fill of an epoch shuffles it, too.
  if (step > 0) bestFill = Math.min(bestFill, filled - begun);
}
await session.close();
const share = (100 * bestFill) / bestStep;
console.log(
  `${engine.name} (${engine.target}), batch ${batchSize}: step ${bestStep.toFixed(1)} ms (${((1000 * batchSize) / bestStep).toFixed(0)} img/s), ` +
    `evaluation ${bestEvaluation.toFixed(1)} ms, batch made in ${bestFill.toFixed(2)} ms: ${share.toFixed(2)}% of a step`,
);
