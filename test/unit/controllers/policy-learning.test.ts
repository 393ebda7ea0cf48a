/** @file What the policy gradient does with what it is told: when it learns, from what, and in which direction. */
import { createRng } from "cellwright/base";
import { policyGradient, type PolicyGradientOptions } from "cellwright/controllers";
import type { Controller, FinishedTrial, Objective, Proposal } from "cellwright/search";
import { choice, defineSpace, int } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { createAdam } from "../../../controllers/policy-gradient/adam.ts";
import { lossAndGradient } from "../../../controllers/policy-gradient/batch.ts";
import { createPolicy, sampleFrom } from "../../../controllers/policy-gradient/policy.ts";
import { vocabularyOf } from "../../../controllers/policy-gradient/vocabulary.ts";
import { conditional, flat } from "../../contract/controllers/spaces.ts";

const OPTIONS = { hidden: 8, batch: 4, learningRate: 0.05 } as const;
const MAXIMIZE: readonly Objective[] = [{ name: "score", direction: "maximize" }];

function create(options: PolicyGradientOptions = {}, objectives = MAXIMIZE): Controller {
  return policyGradient({ ...OPTIONS, ...options }).create({ space: flat, objectives, rng: createRng(9) });
}

function propose(controller: Controller, number: number): Proposal {
  return controller.ask(number) as Proposal;
}

/** Runs one trial after the other, each ending as said of its genotype's decision d. */
function run(controller: Controller, trials: number, outcome: (d: number) => Partial<FinishedTrial>): void {
  for (let number = 0; number < trials; number++) {
    const proposal = propose(controller, number);
    controller.tell({ kind: "started", number, proposal });
    const end = outcome(proposal.genotype["d"]!);
    controller.tell({ kind: "finished", trial: { number, proposal, state: "complete", ...end } });
  }
}

/** How often, of 400 draws, decision d is each of its options. */
function shares(controller: Controller): readonly number[] {
  const counts = [0, 0, 0, 0];
  for (let number = 1000; number < 1400; number++) counts[propose(controller, number).genotype["d"]!]!++;
  return counts.map((count) => count / 400);
}

describe.each(["ppo", "reinforce"] as const)("%s", (algorithm) => {
  it("comes to prefer what scores best", () => {
    const controller = create({ algorithm });
    expect(Math.max(...shares(controller))).toBeLessThan(0.45);
    run(controller, 200, (d) => ({ values: [d === 2 ? 1 : 0] }));
    expect(shares(controller)[2]).toBeGreaterThan(0.9);
  });

  it("prefers the least where the objective is minimised", () => {
    const controller = create({ algorithm }, [{ name: "loss", direction: "minimize" }]);
    run(controller, 200, (d) => ({ values: [d] }));
    expect(shares(controller)[0]).toBeGreaterThan(0.9);
  });

  it("leaves what fails, unless told to ignore it", () => {
    const failing = (d: number): Partial<FinishedTrial> =>
      d === 1 ? { state: "failed", reason: "memory" } : { values: [d === 0 ? 0.5 : 1] };
    const controller = create({ algorithm });
    run(controller, 200, failing);
    expect(shares(controller)[1]).toBeLessThan(0.05);

    const [ignoring, nothing] = [create({ algorithm, failed: "ignore" }), create({ algorithm })];
    run(ignoring, 40, () => ({ state: "failed", reason: "memory" }));
    expect(shares(ignoring)).toEqual(shares(nothing));
  });
});

it("learns at each `batch` trials and not between", () => {
  const controller = create();
  const before = shares(controller);
  run(controller, 3, (d) => ({ values: [d] }));
  expect(shares(controller)).toEqual(before);
  run(controller, 1, () => ({ values: [7] }));
  expect(shares(controller)).not.toEqual(before);
});

it("learns from rewards above a moving average that begins as the mean of the first batch and moves with each trial", () => {
  const [hidden, batch, learningRate, decay] = [4, 3, 0.05, 0.8];
  const controller = create({ algorithm: "reinforce", hidden, batch, learningRate, baselineDecay: decay });
  const vocabulary = vocabularyOf(flat.decisions, 16);
  const policy = createPolicy(vocabulary, hidden, createRng(9).fork("weights"));
  const adam = createAdam(policy.parameters.length, learningRate);
  const rewards = [0.2, 0.6, 0.1, 0.9, 0.4, 0.5, 0.3, 0.8, 0.7];
  let baseline = (0.2 + 0.6 + 0.1) / 3;
  for (let first = 0; first < rewards.length; first += batch) {
    const samples = rewards.slice(first, first + batch).map((reward, i) => {
      const number = first + i;
      const { genotype, draw } = sampleFrom(policy, createRng(9).fork(`ask/${number}`));
      // What is proposed follows from the parameters that this test has come to by itself.
      const proposal = propose(controller, number);
      expect(proposal.genotype).toEqual(genotype);
      controller.tell({ kind: "started", number, proposal });
      controller.tell({ kind: "finished", trial: { number, proposal, state: "complete", values: [reward] } });
      return { ...draw, advantage: reward - baseline };
    });
    const options = { algorithm: "reinforce", clip: 0.2, entropyWeight: 0.00001 } as const;
    adam.step(policy.parameters, lossAndGradient(policy, samples, options).gradient);
    for (const reward of rewards.slice(first, first + batch)) baseline = decay * baseline + (1 - decay) * reward;
  }
  for (let number = 100; number < 160; number++)
    expect(propose(controller, number).genotype).toEqual(
      sampleFrom(policy, createRng(9).fork(`ask/${number}`)).genotype,
    );
});

it("takes a pruned trial's last value as its reward", () => {
  const [pruned, complete] = [create(), create()];
  run(pruned, 40, (d) => ({ state: "pruned", values: [d] }));
  run(complete, 40, (d) => ({ values: [d] }));
  expect(shares(pruned)).toEqual(shares(complete));
});

it("learns from trials it did not propose, in a conditional space too", () => {
  const space = conditional;
  const controller = policyGradient(OPTIONS).create({ space, objectives: MAXIMIZE, rng: createRng(1) });
  const good = {
    attention: 1,
    "attention.squeeze.ratio": 1,
    "attention.squeeze.place": 1,
    "attention.squeeze.place.out.width": 3,
    activation: 0,
  };
  for (let number = 0; number < 400; number++) {
    const genotype = number % 2 === 0 ? good : space.sample(createRng(number));
    controller.tell({
      kind: "finished",
      trial: { number, proposal: { genotype }, state: "complete", values: [number % 2 === 0 ? 1 : 0] },
    });
  }
  const hits = Array.from({ length: 100 }, (_, i) => propose(controller, i).genotype).filter(
    (genotype) => JSON.stringify(genotype) === JSON.stringify(good),
  );
  expect(hits.length).toBeGreaterThan(80);
});

it("proposes in a space with a single genotype", () => {
  const space = defineSpace({
    name: "single",
    version: 1,
    skeleton: {},
    decisions: { only: choice(["a"]), fixed: int(7, 7) },
    decode: () => ({ network: undefined }),
  });
  const controller = policyGradient(OPTIONS).create({ space, objectives: MAXIMIZE, rng: createRng(0) });
  run(controller, 12, () => ({ values: [1] }));
  expect(propose(controller, 12).genotype).toEqual({ only: 0, fixed: 7 });
});

describe("options", () => {
  it("are the paper's by default", () => {
    expect(policyGradient().options).toMatchObject({
      algorithm: "ppo",
      hidden: 100,
      learningRate: 0.00035,
      entropyWeight: 0.00001,
      baselineDecay: 0.95,
      batch: 20,
    });
  });

  it("are named where they are wrong", () => {
    const wrong = {
      algorithm: "trpo",
      hidden: 0,
      learningRate: 0,
      baselineDecay: 1.1,
      clip: -1,
      epochs: 0,
      levels: 1,
      failed: "punish",
    };
    expect(() => policyGradient(wrong as never)).toThrow(
      [
        'policyGradient.algorithm  Expected "ppo" or "reinforce". Received: "trpo".',
        "policyGradient.hidden  Expected a whole number from 1 to 4096. Received: 0.",
        "policyGradient.learningRate  Expected a number above 0. Received: 0.",
        "policyGradient.baselineDecay  Expected a number of 0 or more and of at most 1. Received: 1.1.",
        "policyGradient.clip  Expected a number above 0. Received: -1.",
        "policyGradient.epochs  Expected a whole number of 1 or more. Received: 0.",
        "policyGradient.levels  Expected a whole number from 2 to 1024. Received: 1.",
        'policyGradient.failed  Expected "worst" or "ignore". Received: "punish".',
      ].join("\n"),
    );
  });
});
