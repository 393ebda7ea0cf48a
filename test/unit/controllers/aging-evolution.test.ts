/** @file Aging evolution does what its paper says: who is alive, who is the parent, what a mutation changes and how often. */
import { createRng } from "cellwright/base";
import { agingEvolution, type AgingEvolutionOptions } from "cellwright/controllers";
import type { Controller, FinishedTrial, Objective } from "cellwright/search";
import type { AnySpace, Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { canChange, pickByRole } from "../../../controllers/role-mutation.ts";
import { conditional, flat, numbers, twoCells } from "../../contract/controllers/spaces.ts";

const MAXIMIZE: readonly Objective[] = [{ name: "score", direction: "maximize" }];

function create(options: AgingEvolutionOptions, space: AnySpace = twoCells, objectives = MAXIMIZE): Controller {
  return agingEvolution(options).create({ space, objectives, rng: createRng(5) });
}

function finish(controller: Controller, number: number, genotype: Genotype, rest: Partial<FinishedTrial>): void {
  controller.tell({ kind: "finished", trial: { number, proposal: { genotype }, state: "complete", ...rest } });
}

function genotypeOf(controller: Controller, number: number): Genotype {
  const answer = controller.ask(number);
  if (typeof answer === "string") throw new TypeError(answer);
  return answer.genotype;
}

/** Paths at which two genotypes of one space differ. */
function differences(a: Genotype, b: Genotype): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path] !== b[path]);
}

/** Genotypes far from each other, so that a child tells its parent. */
const distant = Array.from({ length: 9 }, (_, i) => twoCells.sample(createRng(`distant/${i}`)));

function parentOf(child: Genotype): number {
  const found = distant.flatMap((genotype, index) => (differences(genotype, child).length <= 1 ? [index] : []));
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe("the population", () => {
  it("is random until P trials have joined, and no longer", () => {
    const controller = create({ populationSize: 3, sampleSize: 2 });
    const early = genotypeOf(controller, 7);
    finish(controller, 0, distant[0]!, { values: [1] });
    finish(controller, 1, distant[1]!, { values: [2] });
    expect(genotypeOf(controller, 7)).toEqual(early);
    finish(controller, 2, distant[2]!, { values: [3] });
    expect([0, 1, 2]).toContain(parentOf(genotypeOf(controller, 7)));
  });

  it("loses its oldest, however good", () => {
    const controller = create({ populationSize: 3, sampleSize: 50 });
    const scores = [9, 1, 2, 3, 4, 5];
    scores.forEach((score, i) => finish(controller, i, distant[i]!, { values: [score] }));
    // Alive are 3, 4 and 5; with 50 draws of 3 the best is always among them.
    for (let number = 10; number < 40; number++) expect(parentOf(genotypeOf(controller, number))).toBe(5);
  });

  it("takes the least as the best where the objective is minimised", () => {
    const controller = create({ populationSize: 3, sampleSize: 50 }, twoCells, [
      { name: "loss", direction: "minimize" },
    ]);
    [0.3, 0.1, 0.2].forEach((loss, i) => finish(controller, i, distant[i]!, { values: [loss] }));
    for (let number = 10; number < 20; number++) expect(parentOf(genotypeOf(controller, number))).toBe(1);
  });

  it("draws its sample with replacement: the best of 4 is a parent with probability 1 - (3/4)^2 for S = 2", () => {
    const controller = create({ populationSize: 4, sampleSize: 2 });
    [4, 3, 2, 1].forEach((score, i) => finish(controller, i, distant[i]!, { values: [score] }));
    const draws = 4000;
    const counts = [0, 0, 0, 0];
    for (let number = 0; number < draws; number++) counts[parentOf(genotypeOf(controller, number))]!++;
    [7, 5, 3, 1].forEach((sixteenths, i) => {
      const mean = (draws * sixteenths) / 16;
      // Four standard deviations of a binomial count.
      expect(Math.abs(counts[i]! - mean)).toBeLessThan(4 * Math.sqrt(mean * (1 - sixteenths / 16)));
    });
  });

  it("takes pruned trials with a value, and neither failed ones nor those without", () => {
    const controller = create({ populationSize: 2, sampleSize: 50 });
    finish(controller, 0, distant[0]!, { values: [1] });
    finish(controller, 1, distant[1]!, { state: "failed", values: [9] });
    finish(controller, 2, distant[2]!, { state: "pruned" });
    finish(controller, 3, distant[3]!, { values: [Number.NaN] });
    finish(controller, 4, distant[4]!, { state: "pruned", values: [2] });
    for (let number = 10; number < 20; number++) expect(parentOf(genotypeOf(controller, number))).toBe(4);
  });
});

describe("mutation", () => {
  it("is the identity with the probability given, and else one change", () => {
    const controller = create({ populationSize: 2, sampleSize: 1 }, flat);
    const parent = flat.sample(createRng(1));
    finish(controller, 0, parent, { values: [1] });
    finish(controller, 1, parent, { values: [1] });
    const changes = Array.from(
      { length: 4000 },
      (_, number) => differences(parent, genotypeOf(controller, number)).length,
    );
    expect(new Set(changes)).toEqual(new Set([0, 1]));
    const identities = changes.filter((count) => count === 0).length;
    // 200 expected at the paper's 0.05; four standard deviations are 55.
    expect(Math.abs(identities - 200)).toBeLessThan(55);
  });

  it("picks the role first, then the cell, then the place", () => {
    const rng = createRng("roles");
    const genotype = twoCells.sample(rng);
    const active = twoCells.active(genotype);
    const weights = { input: 1, operation: 1, combiner: 0.5, other: 0 };
    const counts = new Map<string, number>();
    const draws = 10_000;
    for (let i = 0; i < draws; i++) {
      const { role, group } = pickByRole(active, rng, weights)!;
      counts.set(`${role} ${group}`, (counts.get(`${role} ${group}`) ?? 0) + 1);
    }
    const wanted = {
      "input normal": 0.2,
      "input reduction": 0.2,
      "operation normal": 0.2,
      "operation reduction": 0.2,
      // Only the Normal cell has combiners.
      "combiner normal": 0.2,
    };
    expect([...counts.keys()].sort()).toEqual(Object.keys(wanted).sort());
    for (const [key, share] of Object.entries(wanted))
      // Four standard deviations of a binomial count.
      expect(Math.abs(counts.get(key)! - draws * share)).toBeLessThan(4 * Math.sqrt(draws * share * (1 - share)));
  });

  it("mutates each active decision as often in a space without cells", () => {
    const rng = createRng("uniform");
    const active = conditional.active({
      attention: 1,
      "attention.squeeze.ratio": 0,
      "attention.squeeze.place": 0,
      activation: 1,
    });
    expect(active).toHaveLength(4);
    const counts = new Map<string, number>();
    for (let i = 0; i < 4000; i++) {
      const { path } = pickByRole(active, rng, { input: 1, operation: 1, combiner: 0.5, other: 1 })!;
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
    // Four standard deviations of a binomial count of mean 1,000.
    for (const { path } of active) expect(Math.abs(counts.get(path)! - 1000)).toBeLessThan(4 * Math.sqrt(750));
  });

  it("falls back to what there is where every weight is 0, and to nothing where nothing can change", () => {
    const rng = createRng(0);
    const none = { input: 0, operation: 0, combiner: 0, other: 0 };
    expect(pickByRole(flat.decisions, rng, none)).toBeDefined();
    const fixed = numbers.decisions.filter(({ path }) => path === "fixed");
    expect(fixed.map(canChange)).toEqual([false]);
    expect(pickByRole(fixed, rng, { ...none, other: 1 })).toBeUndefined();
  });
});

describe("options", () => {
  it("are the paper's by default, and plain JSON", () => {
    const { options } = agingEvolution();
    expect(options).toMatchObject({ populationSize: 100, sampleSize: 25, identityProbability: 0.05 });
    expect(JSON.parse(JSON.stringify(options))).toEqual(options);
  });

  it("are named where they are wrong", () => {
    const wrong = { populationSize: 1, sampleSize: 2.5, identityProbability: 1.5, inputWeight: -1, size: 3 };
    expect(() => agingEvolution(wrong)).toThrow(
      [
        "agingEvolution.size  Expected one of the options populationSize, sampleSize, identityProbability, inputWeight, operationWeight, combinerWeight, otherWeight. Received: 3.",
        "agingEvolution.populationSize  Expected a whole number of 2 or more. Received: 1.",
        "agingEvolution.sampleSize  Expected a whole number of 1 or more. Received: 2.5.",
        "agingEvolution.identityProbability  Expected a number of 0 or more and of at most 1. Received: 1.5.",
        "agingEvolution.inputWeight  Expected a number of 0 or more. Received: -1.",
      ].join("\n"),
    );
  });
});
