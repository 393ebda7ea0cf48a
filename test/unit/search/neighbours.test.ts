/** @file The neighbourhood of a genotype, and a space as a numbered grid. */
import { createRng } from "cellwright/base";
import { gridPoint, gridSize, gridValues, neighbours } from "cellwright/search";
import type { Decision } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { conditional, flat, numbers, spaces } from "../../contract/controllers/spaces.ts";

const rng = createRng("neighbours");

describe("neighbours", () => {
  it("are all genotypes that differ in one choice", () => {
    const genotype = flat.sample(rng);
    const found = neighbours(flat, genotype, rng);
    expect(found).toHaveLength(2 + 1 + 1 + 3);
    expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(found.length);
    for (const one of found) expect(flat.decisions.filter(({ path }) => one[path] !== genotype[path])).toHaveLength(1);
  });

  it("are valid in every space, and none is the genotype itself", () => {
    for (const space of spaces)
      for (let i = 0; i < 20; i++) {
        const genotype = space.sample(rng);
        for (const one of neighbours(space, genotype, rng)) {
          expect(space.validate(one)).toEqual([]);
          expect(one).not.toEqual(genotype);
        }
      }
  });

  it("of a number with many values are one below and one above", () => {
    const genotype = { filters: 32, units: 500, learningRate: 0.02, dropout: 0, fixed: 7 };
    const found = neighbours(numbers, genotype, rng);
    const valuesOf = (path: keyof typeof genotype) =>
      found.map((one) => one[path] as number).filter((value) => value !== genotype[path]);
    expect(valuesOf("filters")).toEqual([16, 48]);
    expect(valuesOf("units").map((units) => Math.sign(units - 500))).toEqual([-1, 1]);
    expect(valuesOf("learningRate").map((rate) => Math.sign(rate - 0.02))).toEqual([-1, 1]);
    expect(valuesOf("dropout").every((value) => value > 0)).toBe(true);
    expect(valuesOf("dropout")).toHaveLength(1);
    expect(valuesOf("fixed")).toEqual([]);
  });
});

describe("grid points", () => {
  it("of a finite space are its genotypes, in order", () => {
    for (const space of [flat, conditional]) {
      expect(gridSize(space.decisions, 10)).toBe(space.count());
      const points = Array.from({ length: Number(space.count()) }, (_, index) =>
        gridPoint(space.decisions, 10, BigInt(index)),
      );
      expect(points).toEqual([...space.enumerate()]);
    }
  });

  it("take a few values of a number, both ends among them", () => {
    const valuesOf = (path: string, levels: number) =>
      gridValues(numbers.decisions.find((decision) => decision.path === path) as never as NumberDecision, levels);
    expect(valuesOf("filters", 5)).toEqual([16, 32, 48]);
    expect(valuesOf("units", 3)).toEqual([3, 503, 1003]);
    expect(valuesOf("dropout", 3)).toEqual([0, 0.25, 0.5]);
    expect(valuesOf("learningRate", 3)[1]).toBeCloseTo(Math.sqrt(0.001 * 0.3), 8);
    expect(valuesOf("learningRate", 1)).toHaveLength(1);
    expect(gridSize(numbers.decisions, 5)).toBe(3n * 5n * 5n * 5n);
  });
});

type NumberDecision = Exclude<Decision, { kind: "choice" }>;
