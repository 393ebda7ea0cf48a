/** @file Local search climbs, starts anew at an optimum, and never measures anything twice; grid search tries everything out. */
import { createRng } from "cellwright/base";
import { grid, localSearch } from "cellwright/controllers";
import { simulate, type ControllerDefinition, type Proposal } from "cellwright/search";
import type { Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { flat } from "../../contract/controllers/spaces.ts";

const objectives = [{ name: "score", direction: "maximize" }] as const;
const at = (genotype: Genotype, path: string): number => genotype[path] as number;

function proposals(
  definition: ControllerDefinition,
  trials: number,
  score: (genotype: Genotype) => number,
  { inFlight = 1, seed = 2 } = {},
): readonly Genotype[] {
  const controller = definition.create({ space: flat, objectives, rng: createRng(seed) });
  const outcome = (_: number, { genotype }: Proposal) => ({ state: "complete", values: [score(genotype)] }) as const;
  const steps = simulate(controller, { trials, inFlight, rng: createRng(3), outcome });
  return steps.flatMap((step) =>
    step.kind === "ask" && typeof step.answer !== "string" ? [step.answer.genotype] : [],
  );
}

const distance = (a: Genotype, b: Genotype): number => flat.decisions.filter(({ path }) => a[path] !== b[path]).length;

/** One hill: the greatest sum of indices, 2 + 1 + 1 + 3. */
const hill = (genotype: Genotype): number => flat.decisions.reduce((sum, { path }) => sum + at(genotype, path), 0);

describe("localSearch", () => {
  for (const improvement of ["first", "best"] as const) {
    it(`${improvement} improvement climbs to the top, and measures nothing twice`, () => {
      for (let seed = 0; seed < 10; seed++) {
        const tried = proposals(localSearch({ improvement }), 40, hill, { seed });
        expect(new Set(tried.map((genotype) => JSON.stringify(genotype))).size).toBe(40);
        // Seven neighbours at each of at most seven steps, fewer where they are shared.
        const limit = improvement === "first" ? 24 : 36;
        expect(tried.slice(0, limit).map(hill)).toContain(7);
      }
    });
  }

  it("best improvement measures all seven neighbours before it moves", () => {
    const tried = proposals(localSearch({ improvement: "best" }), 9, hill);
    const start = tried[0] as Genotype;
    expect(tried.slice(1, 8).map((genotype) => distance(start, genotype))).toEqual([1, 1, 1, 1, 1, 1, 1]);
    const best = tried.slice(1, 8).reduce((a, b) => (hill(b) > hill(a) ? b : a));
    expect(distance(best, tried[8] as Genotype)).toBe(1);
  });

  it("first improvement goes to a better neighbour at once", () => {
    const tried = proposals(localSearch(), 12, hill, { seed: 5 });
    let here = tried[0] as Genotype;
    for (const genotype of tried.slice(1)) {
      if (hill(here) === 7) break;
      expect(distance(here, genotype)).toBe(1);
      if (hill(genotype) > hill(here)) here = genotype;
    }
    expect(hill(here)).toBeGreaterThan(hill(tried[0] as Genotype));
  });

  it("starts anew where no neighbour is better", () => {
    const tried = proposals(localSearch(), 16, () => 1);
    // A plain: the start's seven neighbours, none better, then somewhere else.
    expect(tried.slice(1, 8).map((genotype) => distance(tried[0] as Genotype, genotype))).toEqual(Array(7).fill(1));
    const next = tried[8] as Genotype;
    expect(distance(tried[0] as Genotype, next)).toBeGreaterThan(1);
  });

  it("begins at the best of its starts", () => {
    const tried = proposals(localSearch({ starts: 4 }), 5, hill, { seed: 7 });
    const best = tried.slice(0, 4).reduce((a, b) => (hill(b) > hill(a) ? b : a));
    expect(distance(best, tried[4] as Genotype)).toBe(1);
  });

  it("keeps many workers busy with what was not measured yet", () => {
    const tried = proposals(localSearch(), 40, hill, { inFlight: 16 });
    expect(new Set(tried.map((genotype) => JSON.stringify(genotype))).size).toBe(40);
  });

  it("names a wrong option", () => {
    expect(() => localSearch({ improvement: "any" as "best", starts: 0 })).toThrow(
      'localSearch.improvement  Expected "first" or "best". Received: "any".\nlocalSearch.starts  Expected a whole number of 1 or more. Received: 0.',
    );
  });
});

describe("grid", () => {
  it("tries every genotype once in order, and is done", () => {
    expect(proposals(grid(), 100, hill)).toEqual([...flat.enumerate()]);
  });

  it("scattered, tries every genotype once, far from the one before", () => {
    const tried = proposals(grid({ order: "scattered" }), 100, hill);
    expect(new Set(tried.map((genotype) => JSON.stringify(genotype))).size).toBe(48);
    // The first quarter has seen every option of the first decision; in declared order it has seen one.
    expect(new Set(tried.slice(0, 12).map((genotype) => genotype["a"])).size).toBe(3);
    expect(new Set(proposals(grid(), 12, hill).map((genotype) => genotype["a"])).size).toBe(1);
  });
});
