/** @file The code of docs/scale-a-network.md, which a test compares with the guide and runs. */
import { openStudy, scalingDefinition, scalingResults, type Study } from "cellwright";
import { proxyTraining, synthetic } from "cellwright/evaluators";
import type { Network } from "cellwright/network";
import { largestThatFits, largestWithinLatency, networkAt, scaleTable, scaleTo } from "cellwright/scale";
import { nasnet } from "cellwright/spaces";

export const subject = { space: nasnet, genotype: nasnet.named["nasnet-a"] ?? {} };

export const sizes = scaleTable(subject, [0, 1, 2]); // each with phi, factors, skeleton, params, macs, notes
export const grown = networkAt(subject, scaleTo(subject, 1)); // a network like any other: train it, export it, draw it

export const forImagenet = { ...subject, target: { input: [224, 224, 3] as const, classes: 1000 } };
export const largest = largestThatFits(forImagenet, { maxParams: 5_000_000, maxMacs: 600e6 });

export async function fastEnough(measure: (network: Network) => Promise<number>): Promise<number | undefined> {
  const { best, measured } = await largestWithinLatency(subject, 50, measure); // milliseconds, or whatever measure returns
  for (const { size, latencyMs } of measured) console.log(`phi ${size.phi}: ${latencyMs.toFixed(1)} ms`);
  return best?.size.phi;
}

/** As a study file's default export it is found by worker processes too: `cellwright search scaling.config.ts`. */
export const search = scalingDefinition(
  {
    space: nasnet,
    skeleton: { cellsPerStack: 1, filters: 4 },
    evaluator: proxyTraining({ data: synthetic({ train: 100, validation: 100 }), epochs: 1 }),
  },
  { genotype: subject.genotype, step: 0.2, levels: [1] },
);

export async function findCoefficients(resultsDir: string): Promise<Study> {
  const study = await openStudy({ mode: "create", name: "nasnet-a-scaling", resultsDir, definition: search });
  for await (const event of study.run()) if (event.kind === "trial-finished") console.log(event.trial.values);
  const found = await scalingResults(study);
  console.log(found?.chosen); // { alpha, beta, gamma }: hand it to scaleTo and the others as `coefficients`
  return study;
}
