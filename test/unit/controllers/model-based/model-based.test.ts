/** @file The model-based controller learns, on spaces with and without networks, and does not try what computes the same. */
import { createRng } from "cellwright/base";
import { modelBased } from "cellwright/controllers";
import { genotypeFeatures, simulate, type Proposal } from "cellwright/search";
import type { AnySpace, Genotype } from "cellwright/space";
import { nasBench201 } from "cellwright/spaces";
import { describe, expect, it } from "vitest";
import { flat, numbers } from "../../../contract/controllers/spaces.ts";

const small = { starts: 8, parents: 5, mutations: 20, randoms: 30 };

function proposals(
  space: AnySpace,
  trials: number,
  score: (genotype: Genotype) => number,
  { inFlight = 1, options = small }: { readonly inFlight?: number; readonly options?: object } = {},
): readonly Genotype[] {
  const controller = modelBased(options).create({
    space,
    objectives: [{ name: "score", direction: "maximize" }],
    rng: createRng(4),
  });
  const outcome = (_: number, { genotype }: Proposal) => ({ state: "complete", values: [score(genotype)] }) as const;
  const steps = simulate(controller, { trials, inFlight, rng: createRng(5), outcome });
  return steps.flatMap((step) =>
    step.kind === "ask" && typeof step.answer !== "string" ? [step.answer.genotype] : [],
  );
}

const texts = (genotypes: readonly Genotype[]): Set<string> => new Set(genotypes.map((one) => JSON.stringify(one)));

describe("modelBased", () => {
  it("homes in on the best of numbers", () => {
    // A peak at units 700, learning rate 0.02: one genotype in 450 scores above -0.03.
    const score = (genotype: Genotype) =>
      -Math.abs(genotype["units"]! - 700) / 1000 - Math.abs(Math.log10(genotype["learningRate"]! / 0.02)) / 3;
    const tried = proposals(numbers, 40, score);
    const best = (list: readonly Genotype[]) => Math.max(...list.map(score));
    expect(best(tried.slice(0, 8))).toBeLessThan(-0.03);
    expect(best(tried)).toBeGreaterThan(-0.03);
  });

  it("tries a small space out without repeating itself", () => {
    const tried = proposals(flat, 40, (genotype) => genotype["a"]! + genotype["d"]!);
    expect(texts(tried).size).toBe(40);
    // Two of 48 are best: among the first dozen after the start.
    expect(tried.slice(0, 20).map((genotype) => genotype["a"]! + genotype["d"]!)).toContain(5);
  });

  it("does not try a network that computes what an earlier one did", () => {
    const signature = (genotype: Genotype) => genotypeFeatures(nasBench201, genotype)?.signature;
    // Few classes are good: cells of skips and zeros, thousands of which are isomorphic.
    const score = (genotype: Genotype) => Object.values(genotype).filter((operation) => operation < 2).length;
    const tried = proposals(nasBench201, 25, score);
    expect(new Set(tried.map(signature)).size).toBe(25);
  });

  it("with many in flight, spreads them", () => {
    const tried = proposals(flat, 40, (genotype) => genotype["a"]!, { inFlight: 8 });
    expect(texts(tried).size).toBe(40);
  });

  it("goes on past the number of trials it learns from", () => {
    const tried = proposals(numbers, 60, (genotype) => genotype["units"]!, { options: { ...small, observations: 20 } });
    expect(texts(tried).size).toBe(60);
    // One in twenty by chance.
    expect(tried.slice(-30).filter((genotype) => genotype["units"]! > 950).length).toBeGreaterThan(10);
  });

  it("names a wrong option", () => {
    expect(() => modelBased({ starts: 1 })).toThrow(
      "modelBased.starts  Expected a whole number of 2 or more. Received: 1.",
    );
  });
});
