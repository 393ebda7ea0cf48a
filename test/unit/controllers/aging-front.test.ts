/** @file Aging evolution of a front: who becomes a parent, who leaves, and the laws with two and three objectives. */
import { createRng } from "cellwright/base";
import { agingFront } from "cellwright/controllers";
import { controllerLaws, type Proposal } from "cellwright/search";
import { choice, defineSpace, type Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { mostVolume } from "../../../controllers/aging-front.ts";
import { conditional } from "../../contract/controllers/spaces.ts";

const objectives = [
  { name: "accuracy", direction: "maximize" },
  { name: "latencyMs", direction: "minimize" },
] as const;
const digits = choice(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
const space = defineSpace({
  name: "digits",
  version: 1,
  skeleton: {},
  decisions: { a: digits, b: digits, c: digits },
  decode: () => ({ network: undefined }),
});
const at = (a: number, b: number, c: number): Genotype => ({ a, b, c });
/** Decisions in which two genotypes differ. */
const distance = (one: Genotype, other: Genotype): number =>
  Object.keys(one).filter((path) => one[path] !== other[path]).length;

function populated(
  options: Parameters<typeof agingFront>[0],
  trials: readonly (readonly [Genotype, number, number])[],
) {
  const controller = agingFront(options).create({ space, objectives, rng: createRng(0) });
  trials.forEach(([genotype, accuracy, latencyMs], number) => {
    controller.tell({ kind: "started", number, proposal: { genotype } });
    const values = [accuracy, latencyMs];
    controller.tell({ kind: "finished", trial: { number, proposal: { genotype }, state: "complete", values } });
  });
  return Array.from({ length: 40 }, (_, i) => (controller.ask(100 + i) as Proposal).genotype);
}

describe("agingFront", () => {
  it("mutates what nothing dominates, in both directions of objectives", () => {
    // The second and third are dominated: slower and no better.
    const children = populated({ populationSize: 3, sampleSize: 40 }, [
      [at(1, 1, 1), 0.9, 10],
      [at(5, 5, 5), 0.9, 20],
      [at(8, 8, 8), 0.2, 11],
    ]);
    expect(children.map((child) => distance(child, at(1, 1, 1)))).toEqual(children.map(() => 1));
  });

  it("lets the oldest leave, good or not", () => {
    const children = populated({ populationSize: 2, sampleSize: 40 }, [
      [at(1, 1, 1), 0.9, 1],
      [at(5, 5, 5), 0.5, 20],
      [at(8, 8, 8), 0.2, 30],
    ]);
    expect(children.map((child) => distance(child, at(5, 5, 5)))).toEqual(children.map(() => 1));
  });

  it("takes both parents' decisions where it crosses", () => {
    const children = populated({ populationSize: 2, sampleSize: 1, crossoverProbability: 1 }, [
      [at(1, 1, 1), 0.9, 10],
      [at(5, 5, 5), 0.5, 5],
    ]);
    const isMixed = (child: Genotype) => distance(child, at(1, 1, 1)) === 2 && distance(child, at(5, 5, 5)) === 2;
    expect(children.some(isMixed)).toBe(true);
  });

  it("by hypervolume prefers what adds most", () => {
    // In the box from (-0.1, -0.1) to (1, 1): the third is nearly covered by the second.
    expect(
      mostVolume([
        [0, 1],
        [0.8, 0.8],
        [0.85, 0.75],
        [1, 0],
        [0.5, 0.5],
      ]),
    ).toBe(1);
    expect(
      mostVolume([
        [0.2, 0.2],
        [0.1, 0.1],
      ]),
    ).toBe(0);
    const children = populated({ populationSize: 3, sampleSize: 40, choice: "hypervolume" }, [
      [at(1, 1, 1), 0.1, 0],
      [at(5, 5, 5), 0.9, 2],
      [at(8, 8, 8), 1, 10],
    ]);
    expect(children.map((child) => distance(child, at(5, 5, 5)))).toEqual(children.map(() => 1));
  });

  it.each(["crowding", "hypervolume"] as const)("keeps the laws with three objectives, by %s", (kind) => {
    const three = [...objectives, { name: "params", direction: "minimize" }] as const;
    const definition = agingFront({ populationSize: 6, sampleSize: 4, choice: kind, crossoverProbability: 0.5 });
    for (const law of controllerLaws)
      expect(() => law.check(definition, conditional, { inFlight: 4, trials: 20, objectives: three })).not.toThrow();
  });
});
