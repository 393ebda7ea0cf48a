/** @file Every controller keeps the laws. Populations and batches are small, so that 40 trials reach what is learned. */
import { agingEvolution, policyGradient, random, skipDuplicates } from "cellwright/controllers";
import { controllerSuite } from "./suite.ts";

const evolution = agingEvolution({ populationSize: 8, sampleSize: 3 });
const policy = { hidden: 6, batch: 5, learningRate: 0.05, levels: 5 } as const;

controllerSuite("random", random());
controllerSuite("agingEvolution", evolution);
controllerSuite("policyGradient, PPO", policyGradient(policy));
controllerSuite("policyGradient, REINFORCE", policyGradient({ ...policy, algorithm: "reinforce", failed: "ignore" }));
controllerSuite("skipDuplicates(agingEvolution)", skipDuplicates(evolution, { retries: 3 }));
controllerSuite("skipDuplicates(policyGradient)", skipDuplicates(policyGradient(policy), { retries: 3 }));
