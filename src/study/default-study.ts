/**
 * @file The study that `cellwright search` runs where it is given none: NASNet cells on CIFAR-10 by aging evolution, sized so that two
 * cores finish the search in four minutes and all the rest, installing and building included, in five more.
 */
import { agingEvolution } from "../../controllers/index.ts";
import { nasnet } from "../../search-spaces/index.ts";
import { cifar10, proxyTraining } from "../evaluators/index.ts";
import { defineStudy } from "./define.ts";
import type { StudyDefinition } from "./definition.ts";

export const defaultStudy: StudyDefinition = defineStudy({
  name: "nasnet-cifar10",
  space: nasnet,
  skeleton: { cellsPerStack: 1, filters: 8 },
  controller: agingEvolution({ populationSize: 12, sampleSize: 4 }),
  evaluator: proxyTraining({
    data: cifar10({ train: 3_000, validation: 1_000, fallback: "synthetic" }),
    epochs: 3,
    recipe: "nasnet-cifar",
  }),
  pruner: { kind: "median", startupTrials: 6, warmupSteps: 1 },
  budget: { hours: 4 / 60 },
  retrain: {
    top: 2,
    epochs: 8,
    evaluator: proxyTraining({
      data: cifar10({ train: 5_000, validation: 2_000, fallback: "synthetic" }),
      epochs: 8,
      recipe: "nasnet-cifar-retrain",
    }),
  },
});
