/** @file What is found of a space: failing samples, decisions that decide nothing, duplicates, sizes. */
import { describe, expect, it } from "vitest";
import { nasBench201 } from "cellwright/spaces";
import { costOf, forwardMemory } from "../../../src/network/index.ts";
import { checkSpace } from "../../../src/search/check-space.ts";
import { drawSamples, findDuplicates, sampleOf, spreadOf, type GoodSample } from "../../../src/search/sample-space.ts";
import { choice, int } from "../../../src/space/index.ts";
import { oddSpace, tinySpace } from "../../support/odd-space.ts";
import { toySpace } from "../../support/toy-space.ts";

describe("a check", () => {
  it("names every fault of a space that has them all, and nothing else", () => {
    const check = checkSpace({ space: oddSpace }, { samples: 60, seed: 0 });
    expect(check.genotypes).toBe(9n * 2n * (1n + 3n * 2n + 2n));
    expect(check.decisions).toBe(7);
    expect(check.findings.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "twin inert",
      "only constant",
      "kind.wide.deaf inert",
      "kind.broken.lost unreachable",
    ]);
    expect(check.findings.at(-1)).toMatchObject({ tries: 32, reason: "no such network" });
    const broken = check.failed.map(({ genotype }) => genotype["kind"]);
    expect(broken.length).toBeGreaterThan(10);
    expect(new Set(broken)).toEqual(new Set([2]));
    expect(check.suspects).toEqual(["kind=broken"]);
    expect(check.problems).toEqual([
      `${broken.length} of 60 samples fail to decode`,
      "twin never changes the network: 32 changes of it alone changed nothing",
      "kind.wide.deaf never changes the network: 32 changes of it alone changed nothing",
      "kind.broken.lost is unreachable: none of 32 genotypes that take it decodes",
    ]);
  });

  it("finds nothing wrong with a space of the shelf, and knows its duplicates", () => {
    const check = checkSpace(
      { space: nasBench201, skeleton: { cellsPerStack: 1, filters: 4 } },
      { samples: 40, seed: 0 },
    );
    expect(check.problems).toEqual([]);
    expect(check.findings).toEqual([]);
    expect(check.genotypes).toBe(15_625n);
    for (const { number, of } of check.duplicates)
      expect(sampleOf(nasBench201, 0, number)).not.toEqual(sampleOf(nasBench201, 0, of));
    expect(check.duplicates[0]).toEqual({ number: 32, of: 23 });
  });

  it("says of a decision that changes nothing how many of its changes leave nothing that decodes", () => {
    const picky = tinySpace({ a: int(1, 3), odd: choice([true, false]) }, ({ a, odd }: { a: number; odd: boolean }) => {
      if (!odd && a > 1) throw new Error("no such network");
      return [a, 1];
    });
    const { findings, problems } = checkSpace({ space: picky }, { samples: 40, seed: 0 });
    const [odd] = findings;
    expect(odd).toMatchObject({ path: "odd", kind: "inert" });
    expect((odd?.tries ?? 0) + (odd?.failing ?? 0)).toBe(32);
    expect(problems.at(-1)).toBe(
      `odd never changes the network: ${odd?.tries} changes of it alone changed nothing, ${odd?.failing} left nothing that decodes`,
    );
  });

  it("is the same by the same seed", () => {
    const check = (seed: number) => checkSpace({ space: oddSpace }, { samples: 10, seed });
    expect(check(3)).toEqual(check(3));
    expect(check(4)).not.toEqual(check(3));
  });

  it("reaches decisions that samples seldom do", () => {
    const steps = { next: choice({ no: {}, yes: { deep: choice(["p", "q"]) } }) };
    const rare = tinySpace(
      { first: choice({ a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: steps }) },
      ({ first }: { first: { kind: string; next?: { kind: string; deep?: string } } }) => [
        first.kind.charCodeAt(0) - 96,
        1 + ["p", "q"].indexOf(first.next?.deep ?? "") + (first.next === undefined ? 4 : 1),
      ],
    );
    // One sample: nearly all decisions have to be reached on purpose.
    expect(checkSpace({ space: rare }, { samples: 1, seed: 0 }).problems).toEqual([]);
  });

  it("takes a decision of the training settings for one that decides something", () => {
    const space = {
      ...toySpace,
      decode: (genotype: Parameters<typeof toySpace.decode>[0]) => ({
        ...toySpace.decode(genotype),
        recipe: { learningRate: 0.1 * (1 + (genotype["twin"] ?? 0)) },
      }),
    };
    expect(checkSpace({ space: toySpace }, { samples: 10, seed: 0 }).findings).toMatchObject([{ path: "twin" }]);
    expect(checkSpace({ space }, { samples: 10, seed: 0 }).findings).toEqual([]);
  });

  it("decodes named genotypes, too", () => {
    const named = {
      fine: { a: 1, twin: 0, only: 0, kind: 0 },
      lost: { a: 1, twin: 0, only: 0, kind: 2, "kind.broken.lost": 1 },
    };
    const { problems } = checkSpace({ space: { ...oddSpace, named } }, { samples: 1, seed: 0 });
    expect(problems.filter((problem) => problem.startsWith("named"))).toEqual([
      "named.lost fails to decode: no such network",
    ]);
  });

  it("says of constraints how many meet them, and when none does, by which", () => {
    const some = checkSpace({ space: toySpace, constraints: [{ maxParams: 60 }] }, { samples: 30, seed: 0 });
    expect(some.refused?.refused).toBe(some.refused?.by.maxParams);
    expect(some.refused?.refused).toBeLessThan(30);
    expect(some.problems).toHaveLength(1);
    const none = checkSpace({ space: toySpace, constraints: [{ maxParams: 1 }] }, { samples: 30, seed: 0 });
    expect(none.problems.at(-1)).toBe(
      "constraints  Expected at least 1 in 1,000 samples to meet them. Received: none of 3,000 (maxParams refuses 3,000). Loosen them, or make the skeleton smaller.",
    );
    expect(checkSpace({ space: toySpace }, { samples: 3, seed: 0 }).refused).toBeUndefined();
    let looked = 0;
    const rare = checkSpace(
      { space: toySpace, constraints: [{ accept: () => ++looked === 2_500 }] },
      { samples: 30, seed: 0 },
    );
    expect(rare.problems.at(-1)).toBe(
      "1 of 2,500 samples meets the constraints (accept refuses 2,499). Fewer than 1 in 1,000 meet them.",
    );
  });

  it("refuses a decode that isn't pure, and one that gives no network", () => {
    let calls = 0;
    const moody = tinySpace({ a: int(1, 3) }, ({ a }: { a: number }) => [a, 1 + calls++]);
    const [first] = checkSpace({ space: moody }, { samples: 3, seed: 0 }).failed;
    expect(first?.reason).toBe(
      "decode  Expected the same network for the same genotype and skeleton. Received: another one.",
    );
    const nothing = { ...toySpace, decode: () => undefined as never };
    expect(checkSpace({ space: nothing }, { samples: 3, seed: 0 }).failed[0]?.reason).toMatch(
      /^space toy: decode {2}Expected \{ network \}, the network made by network\(…\)\. Received: nothing\.$/,
    );
  });
});

describe("samples", () => {
  it("are the same whoever asks, however many are asked for, and others by another seed", () => {
    const few = drawSamples({ space: toySpace }, 3, 7);
    const more = drawSamples({ space: toySpace }, 6, 7);
    expect(more.slice(0, 3)).toEqual(few);
    expect(more.map(({ genotype }) => genotype)).toEqual([0, 1, 2, 3, 4, 5].map((i) => sampleOf(toySpace, 7, i)));
    expect(drawSamples({ space: toySpace }, 6, 8)).not.toEqual(more);
  });

  it("that compute the same are told from those drawn twice", () => {
    const [one] = drawSamples({ space: toySpace }, 1, 0) as GoodSample[];
    if (one === undefined) throw new Error("Expected a sample.");
    const twin = { ...one, number: 1, genotype: { ...one.genotype, twin: one.genotype["twin"] === 0 ? 1 : 0 } };
    const repeat = { ...one, number: 2 };
    const other = { ...one, number: 3, key: "other", genotype: { a: 0 } };
    expect(findDuplicates([one, twin, repeat, other])).toEqual({ duplicates: [{ number: 1, of: 0 }], repeated: 1 });
  });

  it("have a smallest, a middle and a largest", () => {
    const sized = (sizes: readonly number[]): GoodSample[] =>
      sizes.map((params) => ({ candidate: { cost: { params } } }) as GoodSample);
    expect(spreadOf(sized([5, 1, 9]), "params")).toEqual({ min: 1, median: 5, max: 9, values: [1, 5, 9] });
    expect(spreadOf(sized([4, 1, 9, 8]), "params")).toMatchObject({ min: 1, median: 6, max: 9 });
    expect(spreadOf(sized([3]), "params")).toMatchObject({ min: 3, median: 3, max: 3 });
    expect(spreadOf([], "params")).toBeUndefined();
  });
});

describe("the memory of a forward pass", () => {
  it("is the weights, and the most that is live at once", () => {
    const network = toySpace.decode({ a: 2, b: 5, twin: 0 }).network;
    // 4 x 4 images: 3 channels in, 2 after the stem and its activation, 5 after the second layer; at its widest 2 and 5 are live.
    expect(forwardMemory(network)).toBe(4 * (costOf(network).total + 16 * (2 + 5)));
    const narrow = toySpace.decode({ a: 2, b: 1, twin: 0 }).network;
    expect(forwardMemory(narrow)).toBe(4 * (costOf(narrow).total + 16 * (3 + 2)));
  });

  it("keeps an output until its last reader has run, and leaves out what the logits don't need", () => {
    const node = (id: string, op: string, inputs: readonly string[], attributes: object) => ({
      id,
      op,
      inputs,
      attributes,
    });
    const relu = { fn: "relu" };
    const network = {
      name: "skip",
      nodes: [
        node("input", "input", [], { shape: [2, 2, 1] }),
        node("a", "activation", ["input"], relu),
        node("b", "activation", ["a"], relu),
        node("c", "activation", ["b"], relu),
        node("sum", "add", ["a", "c"], {}),
        node("pool", "globalAvgPool", ["sum"], { keepDims: false }),
        node("logits", "dense", ["pool"], { units: 2, bias: false }),
        node("dead", "concat", ["a", "a", "a", "a"], {}),
      ],
      outputs: { logits: "logits" },
    } as unknown as Parameters<typeof forwardMemory>[0];
    // a, b and c: a is read by the sum; the dense kernel has 1 x 2 weights.
    expect(forwardMemory(network)).toBe(4 * (2 + 3 * 4));
  });
});
