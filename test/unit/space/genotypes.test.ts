/** @file Validation, decoding, named genotypes, enumeration and vectors of one space, with their messages. */
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { cells, choice, defineSpace, float, type Genotype, int } from "../../../src/space/index.ts";
import { thrownBy } from "./errors.ts";

const space = defineSpace({
  name: "sample",
  version: 1,
  skeleton: { filters: 8 },
  decisions: {
    activation: choice(["relu", "swish"]),
    attention: choice({
      none: {},
      squeeze: { ratio: choice([0.25, 0.5]), deep: choice({ no: {}, yes: { n: int(1, 3) } }) },
    }),
    filters: int(16, 48, { step: 16 }),
    rate: float(0.5, 2),
  },
  decode: (choices, skeleton) => ({ network: { choices, skeleton } }),
  named: { plain: { activation: "swish", attention: { kind: "none" }, filters: 48, rate: 1 } },
});

const good: Genotype = {
  activation: 0,
  attention: 1,
  "attention.squeeze.ratio": 0,
  "attention.squeeze.deep": 0,
  filters: 16,
  rate: 1.5,
};

describe("validate", () => {
  test("finds nothing wrong with a genotype, in any order of keys", () => {
    expect(space.validate(good)).toEqual([]);
    expect(space.validate(Object.fromEntries(Object.entries(good).reverse()))).toEqual([]);
  });

  test("names every problem at once, with its path and what was expected", () => {
    const bad = { activation: 2, attention: 0, "attention.squeeze.ratio": 0, filters: 20, unknown: 1 };
    expect(space.validate(bad)).toEqual([
      { path: "activation", message: "Expected an option's index (0 relu, 1 swish). Received: 2." },
      { path: "filters", message: "Expected a whole number from 16 to 48 in steps of 16. Received: 20." },
      { path: "rate", message: "Expected a number from 0.5 to 2. Received: nothing." },
      {
        path: "attention.squeeze.ratio",
        message: "Expected no value (it is decided only where attention is squeeze). Received: 0.",
      },
      { path: "unknown", message: "Expected a decision of this space. Received: 1." },
    ]);
  });

  test("does not complain of what hangs below a choice that can't be read", () => {
    expect(space.validate({ ...good, attention: "squeeze" }).map((problem) => problem.path)).toEqual(["attention"]);
  });

  test.each([[undefined], [null], [7], ["x"], [[1, 2]]])("refuses %j, which is no record", (value) => {
    const problems = space.validate(value);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(/^Expected an object of decision path to number\. Received: /);
  });

  test.each([["0"], [true], [null], [Number.POSITIVE_INFINITY], [0.5], [-1]])("refuses %j as an option", (value) => {
    expect(space.validate({ ...good, activation: value }).map((problem) => problem.path)).toEqual(["activation"]);
  });

  test("is not fooled by what every object inherits", () => {
    const inherits = defineSpace({
      name: "x",
      version: 1,
      skeleton: {},
      decisions: { toString: choice(["a"]), constructor: int(0, 1) },
      decode: (choices) => ({ network: choices }),
    });
    expect(inherits.validate({}).map((problem) => problem.path)).toEqual(["toString", "constructor"]);
    const genotype = inherits.sample(createRng(1));
    expect(inherits.validate(inherits.mutate(genotype, createRng(2)))).toEqual([]);
    expect(inherits.fromVector(inherits.encode(genotype))).toEqual(genotype);
    // Not the whole list: a list that such a name sends in circles must fail here, not fill the memory.
    const [first, second] = inherits.enumerate();
    expect([first, second]).toEqual([
      { toString: 0, constructor: 0 },
      { toString: 0, constructor: 1 },
    ]);
  });
});

describe("every way in refuses an invalid genotype with all its problems", () => {
  const bad = { ...good, activation: 7, rate: 9 };
  const rng = createRng(1);
  test.each<[string, () => unknown]>([
    ["decode", () => space.decode(bad)],
    ["active", () => space.active(bad)],
    ["mutate", () => space.mutate(bad, rng)],
    ["crossover, left", () => space.crossover(bad, good, rng)],
    ["crossover, right", () => space.crossover(good, bad, rng)],
    ["encode", () => space.encode(bad)],
  ])("%s", (_, run) => {
    const error = thrownBy(run);
    expect(error.code).toBe("space");
    expect(error.message).toBe(
      "genotype of space sample: 2 problems\n" +
        "  activation  Expected an option's index (0 relu, 1 swish). Received: 7.\n" +
        "  rate  Expected a number from 0.5 to 2. Received: 9.",
    );
    expect(error.details["problems"]).toHaveLength(2);
  });
});

describe("the skeleton", () => {
  const skeletal = defineSpace({
    name: "s",
    version: 1,
    skeleton: {
      input: [32, 32, 3],
      filters: 8,
      stem: "cifar",
      auxiliary: false,
      head: { units: 4 },
      free: null as unknown,
      list: [] as readonly number[],
    },
    decisions: {},
    decode: (_, skeleton) => ({ network: skeleton }),
    scaleSkeleton: (skeleton, { width }) => ({ ...skeleton, filters: skeleton.filters * width }),
  });

  test("is the default with single keys replaced; the default stays as it was", () => {
    expect(skeletal.decode({}).network).toEqual(skeletal.skeleton);
    const overrides = { input: [64, 64, 3], filters: 16, free: "anything", list: [1, 2] } as const;
    expect(skeletal.decode({}, overrides).network).toEqual({ ...skeletal.skeleton, ...overrides });
    expect(skeletal.skeleton.filters).toBe(8);
    expect(skeletal.decode({}, JSON.parse('{"filters":24}') as object).network.filters).toBe(24);
  });

  test("refuses, all at once, keys that it lacks and values of another type", () => {
    const overrides = { fliters: 3, filters: "16", input: [32, 32], stem: 3, auxiliary: 1, head: { unit: 4 } };
    const error = thrownBy(() => skeletal.decode({}, overrides as never));
    expect(error.code).toBe("config");
    expect(error.message.split("\n")).toEqual([
      'skeleton.fliters  Expected one of the space\'s keys (input, filters, stem, auxiliary, head, free, list). Received: "fliters".',
      'skeleton.filters  Expected a finite number. Received: "16".',
      "skeleton.input  Expected a list of 3. Received: [32,32].",
      "skeleton.stem  Expected a string. Received: 3.",
      "skeleton.auxiliary  Expected true or false. Received: 1.",
      "skeleton.head.units  Expected a finite number. Received: nothing.",
      'skeleton.head.unit  Expected one of the keys units. Received: "unit".',
    ]);
  });

  test("refuses numbers that are none, within lists too", () => {
    expect(thrownBy(() => skeletal.decode({}, { filters: Number.NaN })).message).toMatch(/^skeleton\.filters .*NaN/);
    expect(thrownBy(() => skeletal.decode({}, { input: [32, "32", 3] as never })).message).toMatch(
      /^skeleton\.input\[1\] /,
    );
    expect(thrownBy(() => skeletal.decode({}, [] as never)).message).toMatch(/^skeleton {2}Expected an object/);
  });

  test("grows as its space says, and where it doesn't say, not at all", () => {
    const factors = { depth: 1, width: 2, resolution: 1 };
    expect(skeletal.scaleSkeleton?.(skeletal.skeleton, factors).filters).toBe(16);
    expect(space.scaleSkeleton).toBeUndefined();
  });
});

describe("named genotypes", () => {
  test("are written as decode sees them", () => {
    expect(space.named).toEqual({ plain: { activation: 1, attention: 0, filters: 48, rate: 1 } });
  });

  const operations = { sep3: 1, max3: 2 };
  const name = (named: unknown) => () =>
    defineSpace({
      name: "n",
      version: 1,
      skeleton: {},
      decisions: {
        cell: cells({ blocks: 2, operations, combiners: ["add", "concat"] }),
        group: { a: choice({ p: {}, q: { r: int(1, 9) } }) },
      },
      decode: (choices) => ({ network: choices }),
      named: { it: named as never },
    });
  const block = { leftInput: 0, leftOperation: "max3", rightInput: 1, rightOperation: "sep3", combiner: "concat" };
  const whole = { cell: { blocks: [block, { ...block, leftInput: 2 }] }, group: { a: { kind: "q", r: 3 } } };

  test("decode to what was written", () => {
    const made = name(whole)();
    expect(made.decode(made.named["it"] as Genotype).network).toMatchObject(whole);
  });

  test("take the first combiner where none is said", () => {
    const { combiner: _, ...bare } = block;
    const made = name({ ...whole, cell: { blocks: [bare, bare] } })();
    expect(made.decode(made.named["it"] as Genotype).network.cell.blocks.map((b) => b.combiner)).toEqual([
      "add",
      "add",
    ]);
  });

  test("decoded choices can be named again", () => {
    const made = name(whole)();
    const choices = made.decode(made.named["it"] as Genotype).network;
    expect(name(choices)().named["it"]).toEqual(made.named["it"]);
  });

  test.each<[string, unknown, RegExp]>([
    [
      "an operation that is none",
      { ...whole, cell: { blocks: [block, { ...block, leftOperation: "sep9" }] } },
      /cell\.block1\.leftOperation {2}Expected one of "sep3", "max3"\. Received: "sep9"/,
    ],
    [
      "an input that isn't there yet",
      { ...whole, cell: { blocks: [{ ...block, leftInput: 2 }, block] } },
      /cell\.block0\.leftInput {2}Expected an option's index \(0 0, 1 1\)\. Received: 2/,
    ],
    ["too few blocks", { ...whole, cell: { blocks: [block] } }, /cell\.blocks {2}Expected 2 blocks/],
    ["a decision too few", { cell: whole.cell }, /group {2}Expected a value\. Received: nothing/],
    ["a decision too many", { ...whole, gruop: 1 }, /decisions {2}Expected only cell, group\. Received: "gruop"/],
    [
      "a block that is none",
      { ...whole, cell: { blocks: [block, null] } },
      /cell\.block1 {2}Expected a block of leftInput, .*Received: null/,
    ],
    [
      "a misspelt field of a block",
      { ...whole, cell: { blocks: [{ ...block, combinr: "concat" }, block] } },
      /cell\.block0 {2}Expected a block of leftInput, .*Received: "combinr"/,
    ],
    [
      "an option that is none",
      { ...whole, group: { a: { kind: "z" } } },
      /group\.a {2}Expected one of "p", "q"\. Received: "z"/,
    ],
    [
      "a child of another option",
      { ...whole, group: { a: { kind: "p", r: 3 } } },
      /group\.a\.p {2}Expected nothing to choose\. Received: "r"/,
    ],
    [
      "a bare option",
      { ...whole, group: { a: "q" } },
      /group\.a {2}Expected \{ kind: … \} with one of p, q\. Received: "q"/,
    ],
    [
      "a number out of range",
      { ...whole, group: { a: { kind: "q", r: 10 } } },
      /group\.a\.q\.r {2}Expected a whole number from 1 to 9\. Received: 10/,
    ],
  ])("refuse %s, naming the genotype and the decision", (_, named, message) => {
    const error = thrownBy(name(named));
    expect(error.code).toBe("space");
    expect(error.message).toMatch(/^space n: named\.it: /);
    expect(error.message).toMatch(message);
  });
});

describe("enumeration", () => {
  const small = defineSpace({
    name: "e",
    version: 1,
    skeleton: {},
    decisions: { a: choice({ p: {}, q: { r: int(1, 2) } }), b: int(0, 1) },
    decode: () => ({ network: 0 }),
  });

  test("goes through conditional decisions in lexicographic order, again and again", () => {
    const all = [
      { a: 0, b: 0 },
      { a: 0, b: 1 },
      { a: 1, "a.q.r": 1, b: 0 },
      { a: 1, "a.q.r": 1, b: 1 },
      { a: 1, "a.q.r": 2, b: 0 },
      { a: 1, "a.q.r": 2, b: 1 },
    ];
    const listed = small.enumerate();
    expect([...listed]).toEqual(all);
    expect([...listed]).toEqual(all);
    expect(small.count()).toBe(6n);
  });

  test("is lazy: the first of 5.2e36 come at once", () => {
    const operations = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`op${i}`, i]));
    const cell = cells({ blocks: 5, operations, combiners: ["add", "concat"] });
    const nasnet = defineSpace({
      name: "big",
      version: 1,
      skeleton: {},
      decisions: { n: cell, r: cell },
      decode: () => ({ network: 0 }),
    });
    const [first, second] = nasnet.enumerate();
    expect(Object.values(first ?? {})).toEqual(Array.from({ length: 50 }, () => 0));
    expect(second).toEqual({ ...first, "r.block4.combiner": 1 });
    expect(nasnet.count()).toBe(2_286_906_949_584_691_200n ** 2n);
  });

  test("is refused where a float makes it infinite, and then there is no count", () => {
    expect(space.count()).toBeUndefined();
    expect(thrownBy(() => space.enumerate()).message).toMatch(/^rate {2}Expected decisions of finitely many values/);
  });

  test("of nothing to decide is the one empty genotype", () => {
    const empty = defineSpace({ name: "x", version: 1, skeleton: {}, decisions: {}, decode: () => ({ network: 0 }) });
    expect([...empty.enumerate()]).toEqual([{}]);
    expect(empty.count()).toBe(1n);
    expect(empty.vectorLength).toBe(0);
    expect(thrownBy(() => empty.mutate({}, createRng(1))).message).toMatch(
      /Expected a decision with more than one value/,
    );
  });
});

describe("vectors", () => {
  test("are one-hot for choices, scaled for numbers, zero for the inactive", () => {
    // activation 2, attention 2, ratio 2, deep 2, n 1, filters 1, rate 1.
    expect(space.vectorLength).toBe(11);
    expect([...space.encode(good)]).toEqual([1, 0, 0, 1, 1, 0, 1, 0, 0, 0, (1.5 - 0.5) / 1.5]);
    expect([...space.encode({ activation: 1, attention: 0, filters: 32, rate: 2 })]).toEqual([
      0, 1, 1, 0, 0, 0, 0, 0, 0, 0.5, 1,
    ]);
  });

  test("go to the nearest genotype where they are not exact", () => {
    expect(space.fromVector([0.2, 0.3, 0.9, 0.8, 0, 0, 0, 0, 0, 0.7, 7])).toEqual({
      activation: 1,
      attention: 0,
      filters: 32,
      rate: 2,
    });
  });

  test.each([
    [0, 1e16],
    [-3e40, 5e41],
    [1e15, 1e15 + 1e7],
  ])("give back floats from %d to %d, which keep nine digits of their range", (min, max) => {
    const wide = defineSpace({
      name: "wide",
      version: 1,
      skeleton: {},
      decisions: { f: float(min, max) },
      decode: (choices) => ({ network: choices }),
    });
    const rng = createRng("wide");
    const quantum = 10 ** (Math.ceil(Math.log10(max - min)) - 9);
    for (let i = 0; i < 1000; i++) {
      const genotype = wide.sample(rng);
      expect(wide.fromVector(wide.encode(genotype))).toEqual(genotype);
      const multiple = (genotype["f"] as number) / quantum;
      // A double holds a multiple of the quantum to 2^-52 of its size at worst.
      expect(Math.abs(multiple - Math.round(multiple))).toBeLessThanOrEqual(Math.abs(multiple) * 2 ** -52);
    }
  });

  test("are refused at another length or with entries that are not finite", () => {
    expect(thrownBy(() => space.fromVector([1])).message).toMatch(/^vector {2}Expected 11 entries\. Received: 1\./);
    expect(thrownBy(() => space.fromVector(undefined as never)).message).toMatch(/^vector .*Received: nothing\./);
    const entries = Array.from({ length: 11 }, (_, i) => (i === 4 ? Number.NaN : 0));
    expect(thrownBy(() => space.fromVector(entries)).message).toMatch(
      /^vector\[4\] {2}Expected a finite number\. Received: NaN\./,
    );
  });
});
