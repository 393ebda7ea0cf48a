/**
 * @file Learning is worth it: on a toy space with a known optimum each learning controller needs at most 70% of random search's trials.
 *
 * The toy: 6 decisions of 4 options, 4,096 genotypes; a genotype's score is the sum of a normal deviate per (decision, option) and half a
 * normal deviate per pair of options at neighbouring decisions (a ring), so that the best options depend on each other. Each of the 50
 * seeds has its own landscape, its optimum known by enumeration. Random search draws with replacement, so the number of trials up to
 * the optimum is geometric: 4,096 expected, as much again its standard deviation.
 *
 * Options are scaled to the toy, as the papers' are for 20,000 trials: a population of 20, an LSTM of 8 with a larger learning rate,
 * and an entropy weight for scores that spread over about 3 rather than accuracies that spread over 0.02 (with the paper's, one
 * landscape in 50 lets the policy settle beside the optimum).
 */
import { createRng } from "cellwright/base";
import { agingEvolution, policyGradient, random, skipDuplicates } from "cellwright/controllers";
import { simulate, type ControllerDefinition } from "cellwright/search";
import { choice, defineSpace, type Genotype } from "cellwright/space";
import { expect, it } from "vitest";

const DECISIONS = 6;
const OPTIONS = 4;
const SIZE = OPTIONS ** DECISIONS;
const SEEDS = 50;
/** A learner that gets here has settled elsewhere; random search gets past it once in e^10 times. */
const LIMIT = 10 * SIZE;

const option = () => choice(["a", "b", "c", "d"]);
const space = defineSpace({
  name: "toy",
  version: 1,
  skeleton: {},
  decisions: { d0: option(), d1: option(), d2: option(), d3: option(), d4: option(), d5: option() },
  decode: () => ({ network: undefined }),
});
const genotypes = [...space.enumerate()];

function landscape(seed: number): { readonly score: (genotype: Genotype) => number; readonly best: number } {
  const rng = createRng(`landscape/${seed}`);
  const alone = Array.from({ length: DECISIONS * OPTIONS }, () => rng.normal());
  const together = Array.from({ length: DECISIONS * OPTIONS * OPTIONS }, () => 0.5 * rng.normal());
  const score = (genotype: Genotype): number => {
    let sum = 0;
    for (let d = 0; d < DECISIONS; d++) {
      const [here, next] = [genotype[`d${d}`]!, genotype[`d${(d + 1) % DECISIONS}`]!];
      sum += alone[d * OPTIONS + here]! + together[(d * OPTIONS + here) * OPTIONS + next]!;
    }
    return sum;
  };
  return { score, best: Math.max(...genotypes.map(score)) };
}

const landscapes = Array.from({ length: SEEDS }, (_, seed) => landscape(seed));

function meanTrials(definition: ControllerDefinition): number {
  const counts = landscapes.map(({ score, best }, seed) => {
    const controller = definition.create({
      space,
      objectives: [{ name: "score", direction: "maximize" }],
      rng: createRng(seed).fork("controller"),
    });
    let trials = 0;
    let isFound = false;
    simulate(controller, {
      trials: LIMIT,
      rng: createRng(seed).fork("order"),
      outcome: (_, { genotype }) => ({ state: "complete", values: [score(genotype)] }),
      until: ({ values }) => {
        trials++;
        isFound = values?.[0] === best;
        return isFound;
      },
    });
    expect(isFound, `${definition.name}, seed ${seed}`).toBe(true);
    return trials;
  });
  return counts.reduce((sum, count) => sum + count, 0) / SEEDS;
}

const randomTrials = meanTrials(random());

it("random search needs as many trials as there are genotypes, on average", () => {
  expect(space.count()).toBe(BigInt(SIZE));
  // Three standard errors of the mean of 50 geometric counts.
  expect(Math.abs(randomTrials - SIZE)).toBeLessThan((3 * SIZE) / Math.sqrt(SEEDS));
});

const POLICY = { hidden: 8, batch: 20, entropyWeight: 0.3 } as const;

const learners: Readonly<Record<string, ControllerDefinition>> = {
  agingEvolution: agingEvolution({ populationSize: 20, sampleSize: 5 }),
  "skipDuplicates(agingEvolution)": skipDuplicates(agingEvolution({ populationSize: 20, sampleSize: 5 })),
  "policyGradient with PPO": policyGradient({ ...POLICY, learningRate: 0.01 }),
  "policyGradient with REINFORCE": policyGradient({ ...POLICY, algorithm: "reinforce", learningRate: 0.02 }),
};

it.each(Object.keys(learners))("%s finds the optimum in at most 0.7 of random search's trials", (name) => {
  // Of the trials that it took on these very landscapes, and of those that it takes on average.
  expect(meanTrials(learners[name]!)).toBeLessThanOrEqual(0.7 * Math.min(randomTrials, SIZE));
});
