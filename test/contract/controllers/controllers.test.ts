/** @file Every controller keeps the laws. Populations and batches are small, so that 40 trials reach what is learned. */
import {
  agingEvolution,
  auto,
  grid,
  independentPolicy,
  localSearch,
  modelBased,
  nsga2,
  policyGradient,
  random,
  skipDuplicates,
  successiveHalving,
} from "cellwright/controllers";
import { nasBench201, nasnet } from "cellwright/spaces";
import { controllerSuite } from "./suite.ts";

const evolution = agingEvolution({ populationSize: 8, sampleSize: 3 });
const policy = { hidden: 6, batch: 5, learningRate: 0.05, levels: 5 } as const;
const model = { starts: 6, parents: 3, mutations: 8, randoms: 8 } as const;

controllerSuite("random", random());
controllerSuite("agingEvolution", evolution);
controllerSuite("policyGradient, PPO", policyGradient(policy));
controllerSuite("policyGradient, REINFORCE", policyGradient({ ...policy, algorithm: "reinforce", failed: "ignore" }));
controllerSuite("skipDuplicates(agingEvolution)", skipDuplicates(evolution, { retries: 3 }));
controllerSuite("skipDuplicates(policyGradient)", skipDuplicates(policyGradient(policy), { retries: 3 }));
controllerSuite("grid", grid());
controllerSuite("grid, scattered", grid({ levels: 2, order: "scattered" }));
controllerSuite("independentPolicy", independentPolicy({ learningRate: 0.3 }));
controllerSuite("localSearch, first improvement", localSearch());
controllerSuite("localSearch, best improvement", localSearch({ improvement: "best", starts: 3 }));
controllerSuite("skipDuplicates(localSearch)", skipDuplicates(localSearch(), { retries: 3 }));
controllerSuite("modelBased", modelBased({ ...model, observations: 20 }), { trials: 16 });
controllerSuite("nsga2", nsga2({ populationSize: 8 }));
controllerSuite("successiveHalving(agingEvolution)", successiveHalving(evolution, { maxEpochs: 9 }));
controllerSuite("successiveHalving(localSearch)", successiveHalving(localSearch()));
controllerSuite("auto", auto({ trials: 30 }));

controllerSuite("agingEvolution on NASNet's space", evolution, { on: [nasnet] });
controllerSuite("localSearch on NASNet's space", localSearch(), { on: [nasnet] });
controllerSuite("grid on NASNet's space", grid(), { on: [nasnet] });
controllerSuite("modelBased on a space with networks", modelBased(model), { on: [nasBench201], trials: 14 });
controllerSuite("policyGradient on NASNet's space", policyGradient({ ...policy, hidden: 2 }), {
  on: [nasnet],
  trials: 15,
});
