/** @file Every controller keeps the laws. Populations and batches are small, so that 40 trials reach what is learned. */
import {
  agingEvolution,
  agingFront,
  auto,
  expectedHypervolume,
  grid,
  independentPolicy,
  localSearch,
  modelBased,
  nsga2,
  policyGradient,
  random,
  skipDuplicates,
  successiveHalving,
  warmStart,
  tpe,
} from "cellwright/controllers";
import { nasBench201, nasnet } from "cellwright/spaces";
import { tinyNetworks } from "./spaces.ts";
import { controllerSuite } from "./suite.ts";

const evolution = agingEvolution({ populationSize: 8, sampleSize: 3 });
/** Of those whose asks or tells cost more than others': replays are quadratic in trials, and these are enough for five batches, or to climb. */
const fewer = { trials: 25 } as const;
const policy = { hidden: 6, batch: 5, learningRate: 0.05, levels: 5 } as const;
/** An ask costs a model, so few are made, over a history that is longer than what the model learns from. */
const model = { starts: 4, parents: 2, mutations: 4, randoms: 4, observations: 6 } as const;

controllerSuite("random", random());
controllerSuite("agingEvolution", evolution);
controllerSuite("policyGradient, PPO", policyGradient(policy), fewer);
controllerSuite(
  "policyGradient, REINFORCE",
  policyGradient({ ...policy, algorithm: "reinforce", failed: "ignore" }),
  fewer,
);
controllerSuite("skipDuplicates(agingEvolution)", skipDuplicates(evolution, { retries: 3 }));
controllerSuite("skipDuplicates(policyGradient)", skipDuplicates(policyGradient(policy), { retries: 3 }), fewer);
controllerSuite("grid", grid());
controllerSuite("grid, scattered", grid({ levels: 2, order: "scattered" }));
controllerSuite("independentPolicy", independentPolicy({ learningRate: 0.3 }));
controllerSuite("localSearch, first improvement", localSearch());
controllerSuite("localSearch, best improvement", localSearch({ improvement: "best", starts: 3 }));
controllerSuite("skipDuplicates(localSearch)", skipDuplicates(localSearch(), { retries: 3 }));
controllerSuite("modelBased", modelBased(model), { trials: 12 });
controllerSuite("agingFront", agingFront({ populationSize: 8, sampleSize: 4 }), fewer);
controllerSuite("expectedHypervolume", expectedHypervolume(model), { trials: 12 });
controllerSuite("nsga2", nsga2({ populationSize: 8 }));
controllerSuite("tpe", tpe({ starts: 6, candidates: 5 }), fewer);
controllerSuite("successiveHalving(agingEvolution)", successiveHalving(evolution, { maxEpochs: 9 }));
controllerSuite("successiveHalving(localSearch)", successiveHalving(localSearch()));
controllerSuite("auto", auto({ trials: 40, trial: "cheap" }));

const given = Object.values(nasBench201.named);
for (const inner of [random(), evolution])
  controllerSuite(`warmStart(${inner.name})`, warmStart(inner, given), { on: [nasBench201], trials: 12 });
controllerSuite("warmStart(successiveHalving)", warmStart(successiveHalving(evolution, { maxEpochs: 9 }), given), {
  on: [nasBench201],
  trials: 12,
});

controllerSuite("agingEvolution on NASNet's space", evolution, { on: [nasnet], trials: 25 });
controllerSuite("localSearch on NASNet's space", localSearch(), { on: [nasnet], trials: 12 });
controllerSuite("grid on NASNet's space", grid(), { on: [nasnet], trials: 10 });
controllerSuite("modelBased on a space with networks", modelBased(model), { on: [tinyNetworks], trials: 12 });
controllerSuite("expectedHypervolume on a space with networks", expectedHypervolume(model), {
  on: [tinyNetworks],
  trials: 12,
});
controllerSuite("policyGradient on NASNet's space", policyGradient({ ...policy, hidden: 2 }), {
  on: [nasnet],
  trials: 15,
});
