/**
 * @file Which proxy separates candidates best in a given time? Trains the same architectures under several recipes and prints accuracies, seconds,
 * and the spread between architectures against the spread between seeds. Run: `npx jiti bench/proxy-recipe.ts --set '{"learningRate":0.1}'
 * --set '{"learningRate":0.2}' [--architectures 1] [--train 4000] [--epochs 3] [--seeds 1]`.
 */
import { parseArgs } from "node:util";
import { createRng } from "../src/base/rng.ts";
import { cifar10 } from "../src/data/index.ts";
import { openEngine } from "../src/engines/index.ts";
import type { Network } from "../src/network/index.ts";
import { mergeRecipe, recipes, train, type Recipe } from "../src/training/index.ts";
import { nasnet } from "../search-spaces/index.ts";

const { values: flags } = parseArgs({
  options: {
    set: { type: "string", multiple: true, default: ["{}"] },
    architectures: { type: "string", default: "1" },
    train: { type: "string", default: "4000" },
    validation: { type: "string", default: "2000" },
    epochs: { type: "string", default: "3" },
    seeds: { type: "string", default: "1" },
    engine: { type: "string", default: "native" },
  },
});

const rng = createRng("synthetic-ranks");
const named = Object.values(nasnet.named)[0];
const genotypes = Array.from({ length: Number(flags.architectures) }, (_, k) =>
  k === 0 && named !== undefined ? named : nasnet.sample(rng.fork(k)),
);
const dataset = await cifar10({ train: Number(flags.train), validation: Number(flags.validation) }).load({});
const engine = await openEngine(flags.engine as "native");
const deviation = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
};

for (const text of flags.set) {
  const recipe = mergeRecipe(recipes["nasnet-cifar"], JSON.parse(text) as Partial<Recipe>, "set");
  const means: number[] = [];
  const noise: number[] = [];
  const curves: string[] = [];
  let seconds = 0;
  const dataShare: number[] = [];
  for (const genotype of genotypes) {
    const network = nasnet.decode(genotype, { cellsPerStack: 1, filters: 8 }).network as Network;
    const finals: number[] = [];
    for (let seed = 0; seed < Number(flags.seeds); seed++) {
      const result = await train({ engine, network, dataset, recipe, epochs: Number(flags.epochs), seed });
      finals.push(result.history.at(-1)?.accuracy ?? Number.NaN);
      seconds += result.totalMs / 1000;
      dataShare.push(result.dataMs / result.totalMs);
      curves.push(result.history.map(({ accuracy }) => accuracy.toFixed(3)).join(">"));
    }
    means.push(finals.reduce((a, b) => a + b, 0) / finals.length);
    noise.push(deviation(finals));
  }
  const runs = genotypes.length * Number(flags.seeds);
  console.log(
    `${text}  mean ${(means.reduce((a, b) => a + b, 0) / means.length).toFixed(4)}  between architectures ${deviation(means).toFixed(4)}  ` +
      `between seeds ${(noise.reduce((a, b) => a + b, 0) / noise.length).toFixed(4)}  ${(seconds / runs).toFixed(1)} s a run, batches ${(100 * Math.max(...dataShare)).toFixed(2)}% of it  ${curves.join(" ")}`,
  );
}
