/** @file The study file that `cellwright init` writes: everything there is to set, with its default and its reason. */

/** Returns the text of study.config.ts. It is valid JavaScript too. */
export function studyTemplate(): string {
  return `// A study: what is searched, how, on what, for how long. Run it with
//
//     npx cellwright search study.config.ts
//
// Flags of \`cellwright search --help\` that name a key go over that key here.
import { defineStudy, maximize } from "cellwright";
import { agingEvolution } from "cellwright/controllers";
import { cifar10, proxyTraining } from "cellwright/evaluators";
import { nasnet } from "cellwright/spaces";

export default defineStudy({
  // Folder under results/. Default: this file's name, or its folder's for study.config.ts.
  // name: "cells-on-cifar",

  // What is decided: a Normal and a Reduction cell of five blocks each, 13 operations (NASNet, section 3.1).
  // A space of your own comes from defineSpace in "cellwright/space".
  space: nasnet,

  // What is given: the network that cells are stacked into. Small ones rank almost as large ones do, in a fraction of the
  // time; \`cellwright scale\` grows the winner afterwards.
  skeleton: { cellsPerStack: 1, filters: 8 },

  // Who proposes. agingEvolution (AmoebaNet) learns from few trials; policyGradient() is NASNet's own and wants thousands;
  // random() is what both are measured against.
  controller: agingEvolution({ populationSize: 20, sampleSize: 5 }),

  // What a trial measures. More validation images lessen the noise between candidates, more epochs bring their order
  // nearer to that of long training: both cost time in proportion.
  evaluator: proxyTraining({
    data: cifar10({ train: 10_000, validation: 2_000 }),
    epochs: 4,
    recipe: "nasnet-cifar",
  }),

  // What counts. The first is what the search is after; further ones may be costs: minimize("latencyMs"),
  // "macs" or "params". mnasnetReward({ latencyMs: 20 }) weighs the accuracy by one.
  objectives: [maximize("accuracy")],

  // Larger candidates are turned away before they train.
  constraints: { maxParams: 500_000 },

  // The search ends with whichever comes first. Both can be raised later: cellwright resume <study> --trials 400 --hours 12
  budget: { trials: 200, hours: 6 },

  // Trials that are below the median of the others at the same epoch end early.
  pruner: { kind: "median", startupTrials: 8, warmupSteps: 1 },

  // The best are trained for longer, and ranked anew by what they reach then.
  retrain: { top: 3, epochs: 30 },

  // Same seed, same study.
  seed: 0,

  // Defaults that seldom need a change:
  // workers: one per core, or one per GPU where @tensorflow/tfjs-node-gpu is installed
  // parallelism: trials in flight, as many as workers; 1 makes the proposals independent of timing
  // engine: "auto", the fastest there is
  // limits: { timeMs: 600_000, memoryBytes: 2 ** 31 }, of one trial
  // failedTrials: "skip", or "stop" at the first
  // maxFailedShare: 0.5, above which the search stops with an error
});
`;
}
