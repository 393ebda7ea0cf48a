/** @file The studies that `bench:search-cifar` compares: the default one, with evolution and with random search, at an equal number of trials. */
import { defineStudy, type StudyDefinition } from "cellwright";
import { agingEvolution, random } from "cellwright/controllers";
import { cifar10, proxyTraining } from "cellwright/evaluators";
import { nasnet } from "cellwright/spaces";

const common = {
  space: nasnet,
  skeleton: { cellsPerStack: 1, filters: 8 },
  evaluator: proxyTraining({ data: cifar10({ train: 3_000, validation: 1_000 }), epochs: 3, recipe: "nasnet-cifar" }),
  budget: { trials: 40 },
  retrain: {
    top: 1,
    epochs: 10,
    evaluator: proxyTraining({
      data: cifar10({ train: 10_000, validation: 2_000 }),
      epochs: 10,
      recipe: "nasnet-cifar-retrain",
    }),
  },
} as const;

export const evolution: StudyDefinition = defineStudy({
  ...common,
  name: "evolution",
  controller: agingEvolution({ populationSize: 12, sampleSize: 4 }),
});

export const randomSearch: StudyDefinition = defineStudy({ ...common, name: "random", controller: random() });
