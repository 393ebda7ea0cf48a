/** @file What both searches of the first result share: the space, the proxy, the budget and how the ten best are trained again. */
import { cifar10, proxyTraining } from "cellwright/evaluators";
import { nasnet } from "cellwright/spaces";

export const common = {
  space: nasnet,
  skeleton: { cellsPerStack: 1, filters: 8 },
  // Twice the validation images of the built-in study: the best of 160 is to be the best, not the luckiest.
  evaluator: proxyTraining({ data: cifar10({ train: 3_000, validation: 2_000 }), epochs: 3, recipe: "nasnet-cifar" }),
  budget: { trials: 160 },
  retrain: {
    top: 10,
    epochs: 10,
    evaluator: proxyTraining({
      data: cifar10({ train: 10_000, validation: 5_000 }),
      epochs: 10,
      recipe: "nasnet-cifar-retrain",
    }),
  },
  seed: 0,
} as const;
