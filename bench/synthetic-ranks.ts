/**
 * @file Does the synthetic set rank architectures as CIFAR-10 does? Trains NASNet-A and random cells of its space on both, with the proxy's
 * recipe, and prints accuracies, ranks and Spearman's correlation. Run: `npx jiti bench/synthetic-ranks.ts [--architectures 10] [--train 4000]
 * [--validation 2000] [--epochs 3] [--seeds 1] [--engine native]`. CIFAR-10 is looked for as everywhere.
 */
import { parseArgs } from "node:util";
import { createRng } from "../src/base/rng.ts";
import { formatCount } from "../src/base/units.ts";
import { cifar10, synthetic } from "../src/data/index.ts";
import { openEngine } from "../src/engines/index.ts";
import { costOf, type Network } from "../src/network/index.ts";
import { recipes, train } from "../src/training/index.ts";
import { nasnet } from "../search-spaces/index.ts";

const { values: flags } = parseArgs({
  options: {
    architectures: { type: "string", default: "10" },
    train: { type: "string", default: "4000" },
    validation: { type: "string", default: "2000" },
    epochs: { type: "string", default: "3" },
    seeds: { type: "string", default: "1" },
    engine: { type: "string", default: "native" },
  },
});

/** Ranks from 1 for the largest; equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  return values.map(
    (value) =>
      1 + values.filter((other) => other > value).length + (values.filter((other) => other === value).length - 1) / 2,
  );
}

function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranksOf(a), ranksOf(b)];
  const mean = (a.length + 1) / 2;
  const dot = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, value, k) => sum + (value - mean) * ((q[k] as number) - mean), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

const skeleton = { cellsPerStack: 1, filters: 8 };
const rng = createRng("synthetic-ranks");
const named = nasnet.named["nasnet-a"] ?? Object.values(nasnet.named)[0];
const genotypes = Array.from({ length: Number(flags.architectures) }, (_, k) =>
  k === 0 && named !== undefined ? named : nasnet.sample(rng.fork(k)),
);
const sizes = { train: Number(flags.train), validation: Number(flags.validation) };
const datasets = await Promise.all([cifar10(sizes).load({}), synthetic(sizes).load({})]);
const engine = await openEngine(flags.engine as "native");
console.log(
  `${engine.name} (${engine.target}); ${sizes.train}/${sizes.validation} images, ${flags.epochs} epochs, ${flags.seeds} seeds each`,
);

const accuracies: number[][] = [[], []];
for (const [k, genotype] of genotypes.entries()) {
  const network = nasnet.decode(genotype, skeleton).network as Network;
  const { params, macs } = costOf(network);
  const row: string[] = [];
  for (const [d, dataset] of datasets.entries()) {
    let sum = 0;
    let rate = 0;
    for (let seed = 0; seed < Number(flags.seeds); seed++) {
      const result = await train({
        engine,
        network,
        dataset,
        recipe: recipes["nasnet-cifar"],
        epochs: Number(flags.epochs),
        seed,
      });
      sum += result.history.at(-1)?.accuracy ?? 0;
      rate = (1000 * result.imagesTrained) / result.trainMs;
    }
    (accuracies[d] as number[]).push(sum / Number(flags.seeds));
    row.push(`${dataset.name} ${(sum / Number(flags.seeds)).toFixed(4)} (${rate.toFixed(0)} img/s)`);
  }
  console.log(
    `${k === 0 ? "nasnet-a" : `random ${k}`}  ${formatCount(params)} params  ${formatCount(macs)} MACs  ${row.join("  ")}`,
  );
}
const [onCifar, onSynthetic] = accuracies as [number[], number[]];
console.log(`ranks on CIFAR-10    ${ranksOf(onCifar).join(" ")}`);
console.log(`ranks on synthetic   ${ranksOf(onSynthetic).join(" ")}`);
console.log(`Spearman's correlation ${spearman(onCifar, onSynthetic).toFixed(3)}`);
