/** @file Sampling that respects constraints: what comes through, what is counted, when it gives up and what it says then. */
import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { candidateOf } from "../../../src/search/candidate.ts";
import { constrainedSpace } from "../../../src/search/constrained-space.ts";
import { isRare, latencyLimit, latencyRefusal, refusalsOf, refusalText } from "../../../src/search/constraints.ts";
import type { Genotype } from "../../../src/space/index.ts";
import type { Constraints } from "../../../src/study/definition.ts";
import { oddSpace } from "../../support/odd-space.ts";
import { toySpace } from "../../support/toy-space.ts";
import { thrownBy } from "../space/errors.ts";

/** The toy space's params: 4a + (a + 1) b + 10 (b + 1). */
const params = ({ a = 0, b = 0 }: Genotype): number => 4 * a + (a + 1) * b + 10 * (b + 1);
const draws = (space: Pick<typeof toySpace, "sample">, count = 60): readonly Genotype[] =>
  Array.from({ length: count }, (_, i) => space.sample(createRng(`draw/${i}`)));

describe("a constrained space", () => {
  it("draws on until the constraints are met, the same by the same seed, and counts what was refused", () => {
    const { space, takeRefused } = constrainedSpace(
      toySpace,
      [{ maxParams: 60 }, { accept: ({ genotype }) => genotype["a"] !== 2 }],
      undefined,
    );
    const drawn = draws(space);
    for (const genotype of drawn) {
      expect(params(genotype)).toBeLessThanOrEqual(60);
      expect(genotype["a"]).not.toBe(2);
    }
    const counts = takeRefused();
    expect(counts.refused).toBeGreaterThan(60);
    expect((counts.by.maxParams ?? 0) + (counts.by.accept ?? 0)).toBeGreaterThanOrEqual(counts.refused);
    expect(takeRefused()).toEqual({ refused: 0, by: {} });
    expect(draws(space)).toEqual(drawn);
    expect(takeRefused()).toEqual(counts);
    // Those of the plain space that pass are drawn at once.
    for (const [i, genotype] of draws(toySpace).entries())
      if (params(genotype) <= 60 && genotype["a"] !== 2) expect(drawn[i]).toEqual(genotype);
  });

  it("is the space itself where there is nothing to meet, a latency included", () => {
    expect(constrainedSpace(toySpace, [], undefined).space).toBe(toySpace);
    expect(constrainedSpace(toySpace, [{ maxLatencyMs: 1 }], undefined).space).toBe(toySpace);
  });

  it("sizes candidates on the study's skeleton", () => {
    // Ten classes cost 10 (b + 1) parameters, two 2 (b + 1): only with two is there room for b = 5.
    const { space } = constrainedSpace(toySpace, [{ maxParams: 60, accept: ({ genotype }) => genotype["b"] === 5 }], {
      classes: 2,
    });
    expect(draws(space, 5).every(({ b }) => b === 5)).toBe(true);
  });

  it("says which constraint refuses how many when 3,000 in a row are refused", () => {
    const { space } = constrainedSpace(
      toySpace,
      [{ maxParams: 1, maxMemory: 2_000 }, { accept: ({ genotype }) => genotype["twin"] === 0 }],
      undefined,
    );
    const error = thrownBy(() => space.sample(createRng("none")));
    expect(error.code).toBe("config");
    expect(error.message).toMatch(
      /^constraints {2}Expected at least 1 in 1,000 samples to meet them\. Received: none of 3,000 \(maxParams refuses 3,000, maxMemory refuses [\d,]{1,5}, accept refuses [12],\d{3}\)\. Loosen them, or make the skeleton smaller\.$/,
    );
    expect(error.details).toMatchObject({ drawn: 3000, refused: 3000 });
  });

  it("goes on where one in 2,000 meets them: by chance 1,000 in a row are refused where many do, too", () => {
    let looked = 0;
    const { space, takeRefused } = constrainedSpace(toySpace, [{ accept: () => ++looked % 2_000 === 0 }], undefined);
    expect(draws(space, 3)).toHaveLength(3);
    const counts = takeRefused();
    expect(counts).toEqual({ refused: 5_997, by: { accept: 5_997 } });
    expect([isRare(counts, 3), isRare(counts, 7), isRare({ refused: 0, by: {} }, 0)]).toEqual([true, false, false]);
  });

  it("varies genotypes within the constraints, and lets one through where none is near", () => {
    const { space, takeRefused } = constrainedSpace(toySpace, [{ maxParams: 60 }], undefined);
    const parent = { a: 2, b: 3, twin: 0 };
    for (let i = 0; i < 40; i++) {
      expect(params(space.mutate(parent, createRng(i)))).toBeLessThanOrEqual(60);
      expect(params(space.crossover(parent, { a: 9, b: 1, twin: 1 }, createRng(i)))).toBeLessThanOrEqual(60);
    }
    takeRefused();
    const only = constrainedSpace(toySpace, [{ accept: ({ genotype }) => genotype["a"] === 1 }], undefined);
    const decision = toySpace.decisions[0];
    if (decision === undefined) throw new Error("Expected a decision.");
    const child = only.space.mutate({ a: 1, b: 1, twin: 0 }, createRng(0), () => decision);
    expect(child["a"]).not.toBe(1);
    expect(only.takeRefused()).toEqual({ refused: 99, by: { accept: 99 } });
  });

  it("lets through what doesn't decode: that is another matter", () => {
    const { space, takeRefused } = constrainedSpace(oddSpace, [{ accept: () => false }], undefined);
    const genotype = space.sample(createRng("odd"));
    expect(genotype["kind"]).toBe(2);
    expect(takeRefused().refused).toBeLessThan(50);
  });
});

describe("constraints", () => {
  const candidate = candidateOf(toySpace, { a: 2, b: 3, twin: 0 });
  const { cost } = candidate;

  it("are kept up to the limit itself, and broken above it, each with its reason", () => {
    const exact: Constraints = { maxParams: cost.params, maxMacs: cost.macs, maxMemory: cost.memory };
    expect(refusalsOf([exact], candidate)).toEqual([]);
    expect(
      refusalsOf([{ maxParams: cost.params - 1, maxMacs: cost.macs - 1, maxMemory: cost.memory - 1 }], candidate).map(
        ({ reason }) => reason,
      ),
    ).toEqual([
      "constraints.maxParams: 57 is over 56",
      "constraints.maxMacs: 222 is over 221",
      expect.stringMatching(/^constraints\.maxMemory: \d+ B is over \d+ B$/),
    ]);
  });

  it("of a space and of a study both hold", () => {
    const both: readonly Constraints[] = [{ maxParams: 50 }, { maxParams: 40, accept: () => false }];
    expect(refusalsOf(both, candidate).map(({ constraint }) => constraint)).toEqual([
      "maxParams",
      "maxParams",
      "accept",
    ]);
    expect(latencyLimit([{ maxLatencyMs: 5 }, { maxLatencyMs: 3 }, {}])).toBe(3);
    expect(latencyLimit(both)).toBeUndefined();
  });

  it("give a predicate the network, the cost and the genotype", () => {
    const seen: unknown[] = [];
    refusalsOf([{ accept: (subject) => seen.push(subject) > 0 }], candidate);
    expect(seen).toEqual([{ network: candidate.network, cost, genotype: candidate.genotype }]);
  });

  it.each([
    [() => 1, "constraints.accept  Expected true or false. Received: 1."],
    [async () => true, 'constraints.accept  Expected true or false. Received: "a promise".'],
    [
      () => {
        throw new TypeError("no such node");
      },
      "constraints.accept  Expected true or false. Received an error: no such node",
    ],
  ])("refuse a predicate that answers neither yes nor no", (accept, message) => {
    expect(thrownBy(() => refusalsOf([{ accept: accept as unknown as () => boolean }], candidate)).message).toBe(
      message,
    );
  });

  it("on latency are judged by what was measured", () => {
    expect(latencyRefusal(10, 10)).toBeUndefined();
    expect(latencyRefusal(12.345, 10)).toEqual({
      constraint: "maxLatencyMs",
      reason: "constraints.maxLatencyMs: 12.3 ms is over 10 ms",
    });
    expect(refusalText({ refused: 1_240, by: { accept: 1_000, maxParams: 300 } })).toBe(
      "maxParams refuses 300, accept refuses 1,000",
    );
  });
});
