/** @file What declarations compile to and decode to, and what is refused where they make no sense. */
import { describe, expect, test } from "vitest";
import {
  type Branches,
  cells,
  choice,
  type Constraints,
  type Declarations,
  declared,
  defineSpace,
  float,
  int,
} from "../../../src/space/index.ts";
import { thrownBy } from "./errors.ts";

const operations = { identity: { made: "identity" }, sep3: { made: "sep3" }, max3: { made: "max3" } };

const space = defineSpace({
  name: "declared",
  version: 3,
  skeleton: {},
  decisions: {
    activation: choice(["relu", "swish"]),
    ratio: choice([0.25, 0.5], { role: "operation" }),
    bias: choice([true, false]),
    attention: choice({
      none: {},
      squeeze: { ratio: choice([4, 8]), where: choice({ all: {}, last: { n: int(1, 3) } }) },
    }),
    filters: int(16, 48, { step: 16 }),
    rate: float(0.001, 1, { scale: "log" }),
    stem: { kernel: choice([3, 5]), deep: { stride: int(1, 2) } },
  },
  decode: (choices) => ({ network: choices }),
});

describe("a compiled space", () => {
  test("names its decisions by path, in declaration order, children under the option that opens them", () => {
    const flat = (level: typeof space.decisions): readonly string[] =>
      level.flatMap((d) => [
        `${d.path}:${d.kind}:${d.role}:${d.group}`,
        ...(d.kind === "choice" ? d.options.flatMap((option) => flat(option.children)) : []),
      ]);
    expect(flat(space.decisions)).toEqual([
      "activation:choice:other:",
      "ratio:choice:operation:",
      "bias:choice:other:",
      "attention:choice:other:",
      "attention.squeeze.ratio:choice:other:",
      "attention.squeeze.where:choice:other:",
      "attention.squeeze.where.last.n:int:other:",
      "filters:int:other:",
      "rate:float:other:",
      "stem.kernel:choice:other:stem",
      "stem.deep.stride:int:other:stem.deep",
    ]);
  });

  test("decodes options to their values, numbers to themselves, branches to a union, groups to objects", () => {
    const genotype = {
      activation: 1,
      ratio: 0,
      bias: 1,
      attention: 1,
      "attention.squeeze.ratio": 1,
      "attention.squeeze.where": 1,
      "attention.squeeze.where.last.n": 2,
      filters: 32,
      rate: 0.125,
      "stem.kernel": 1,
      "stem.deep.stride": 2,
    };
    expect(space.decode(genotype).network).toEqual({
      activation: "swish",
      ratio: 0.25,
      bias: false,
      attention: { kind: "squeeze", ratio: 8, where: { kind: "last", n: 2 } },
      filters: 32,
      rate: 0.125,
      stem: { kernel: 5, deep: { stride: 2 } },
    });
  });

  test("has a hash of name, version and decisions, and of nothing else", () => {
    const make = (name: string, version: number, options: readonly string[], key = 1) =>
      defineSpace({
        name,
        version,
        skeleton: { key },
        decisions: { a: choice(options) },
        decode: () => ({ network: key }),
      }).hash;
    const hash = make("x", 1, ["p", "q"]);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(make("x", 1, ["p", "q"], 2)).toBe(hash);
    expect(new Set([hash, make("y", 1, ["p", "q"]), make("x", 2, ["p", "q"]), make("x", 1, ["q", "p"])]).size).toBe(4);
  });
});

describe("cells", () => {
  const nasnet = (combiners: readonly ["add", "concat"] | readonly ["add"], operationCount: number, inputs = 2) =>
    defineSpace({
      name: "cells",
      version: 1,
      skeleton: {},
      decisions: {
        normal: cells({
          blocks: 5,
          inputs,
          combiners,
          operations: Object.fromEntries(Array.from({ length: operationCount }, (_, i) => [`op${i}`, i])),
        }),
      },
      decode: ({ normal }) => ({ network: normal }),
    });

  test("make the paper's 5B decisions in its order, with role and group", () => {
    const { decisions } = nasnet(["add", "concat"], 13);
    expect(decisions).toHaveLength(25);
    expect(decisions.slice(0, 6).map((d) => [d.path, d.role, d.group])).toEqual([
      ["normal.block0.leftInput", "input", "normal"],
      ["normal.block0.rightInput", "input", "normal"],
      ["normal.block0.leftOperation", "operation", "normal"],
      ["normal.block0.rightOperation", "operation", "normal"],
      ["normal.block0.combiner", "combiner", "normal"],
      ["normal.block1.leftInput", "input", "normal"],
    ]);
    const inputs = decisions.filter((d) => d.path.endsWith("Input"));
    expect(inputs.map((d) => d.kind === "choice" && d.options.length)).toEqual([2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
  });

  test("number as many as the papers say", () => {
    // NASNet, B = 5, 13 operations, 2 combiners: prod (2 + b)^2 13^2 2. AmoebaNet: 8 operations, addition only.
    expect(nasnet(["add", "concat"], 13).count()).toBe(2_286_906_949_584_691_200n);
    expect(nasnet(["add"], 8).count()).toBe(556_627_761_561_600n);
  });

  test("have no combiner to decide where there is one, and any number of inputs", () => {
    const space = nasnet(["add"], 3, 1);
    expect(space.decisions).toHaveLength(20);
    expect(space.decisions.filter((d) => d.role === "combiner")).toEqual([]);
    const first = space.decisions[0];
    expect(first?.kind === "choice" && first.options.map((option) => option.name)).toEqual(["0"]);
  });

  test("decode to blocks, operations as declared and loose ends", () => {
    const space = defineSpace({
      name: "cells",
      version: 1,
      skeleton: {},
      decisions: { cell: cells({ blocks: 3, operations, combiners: ["add", "concat"] }) },
      decode: ({ cell }) => ({ network: cell }),
    });
    const fields = ["leftInput", "rightInput", "leftOperation", "rightOperation", "combiner"];
    const blocks = [
      [1, 1, 1, 0, 0],
      [2, 1, 2, 1, 1],
      [2, 1, 0, 0, 0],
    ];
    const genotype = Object.fromEntries(
      blocks.flatMap((block, b) => block.map((value, f) => [`cell.block${b}.${fields[f]}`, value])),
    );
    const { network } = space.decode(genotype);
    expect(network.blocks).toEqual([
      { leftInput: 1, rightInput: 1, leftOperation: "sep3", rightOperation: "identity", combiner: "add" },
      { leftInput: 2, rightInput: 1, leftOperation: "max3", rightOperation: "sep3", combiner: "concat" },
      { leftInput: 2, rightInput: 1, leftOperation: "identity", rightOperation: "identity", combiner: "add" },
    ]);
    expect(network.operations).toBe(operations);
    expect(network.inputs).toBe(2);
    // State 0 and the last two blocks are read by nobody; block 0 is state 2.
    expect(network.looseEnds).toEqual([0, 3, 4]);
  });
});

describe("a declaration that makes no sense is refused, naming it", () => {
  const define = (decisions: Declarations) => () =>
    defineSpace({ name: "x", version: 1, skeleton: {}, decisions, decode: () => ({ network: 0 }) });

  test.each<[string, () => unknown, RegExp]>([
    ["no options", define({ a: choice([]) }), /^a {2}Expected at least one option/],
    ["options alike", define({ a: choice(["1", 1]) }), /^a {2}Expected options that differ\. Received: "1 twice"/],
    ["an empty option", define({ a: choice([""]) }), /^a {2}Expected options that are non-empty/],
    ["an option that is not finite", define({ a: choice([1, Number.NaN]) }), /^a {2}.*Received: NaN/],
    [
      "a child named kind",
      define({ a: choice({ o: { kind: int(1, 2) } } as unknown as Branches) }),
      /^a\.o {2}Expected no child named kind/,
    ],
    ["a nested child", define({ a: choice({ o: { b: { c: int(2, 1) } } }) }), /^a\.o\.b\.c {2}Expected a max of 2/],
    ["a plain value", define({ a: 16 as never }), /^a {2}Expected a declaration .*Received: 16/],
    ["a dotted name", define({ "a.b": int(1, 2) }), /^a\.b {2}Expected a name/],
    ["a name that records can't have", define(JSON.parse('{"__proto__":{}}') as Declarations), /Expected a name/],
    [
      "a dotted option with children",
      define({ a: choice({ "0.5": { b: int(1, 2) } }) }),
      /^a\.0\.5 {2}Expected a name/,
    ],
    ["a fraction as a bound", define({ a: int(0.5, 2) }), /^a {2}Expected a whole number as min\. Received: 0\.5/],
    ["a step of nothing", define({ a: int(1, 2, { step: 0 }) }), /^a {2}Expected a step of 1 or more/],
    [
      "a max between steps",
      define({ a: int(16, 50, { step: 16 }) }),
      /^a {2}Expected a max that is 16 plus a whole number of steps of 16\. Received: 50/,
    ],
    ["too many values", define({ a: int(0, 2 ** 40) }), /^a {2}Expected at most 2\^32 values/],
    ["an empty range", define({ a: float(1, 1) }), /^a {2}Expected a max above 1/],
    ["a log of nothing", define({ a: float(0, 1, { scale: "log" }) }), /^a {2}Expected a min above 0 for a log scale/],
    ["an infinite bound", define({ a: float(0, Number.POSITIVE_INFINITY) }), /^a {2}Expected a finite number as max/],
    ["an infinite range", define({ a: float(-1.5e308, 1.5e308) }), /^a {2}Expected a range that is finite/],
    [
      "a range too narrow for its digits",
      define({ a: float(1, 1 + 1e-9, { scale: "log" }) }),
      /^a {2}Expected a range wide enough/,
    ],
    ["a scale that is none", define({ a: float(1, 2, { scale: "ln" as "log" }) }), /^a {2}Expected a scale/],
    [
      "a cell of no blocks",
      define({ a: cells({ blocks: 0, operations }) }),
      /^a\.blocks {2}Expected a whole number of 1 or more/,
    ],
    ["a cell of no inputs", define({ a: cells({ blocks: 1, inputs: 0, operations }) }), /^a\.inputs {2}Expected/],
    ["a cell of no operations", define({ a: cells({ blocks: 1, operations: {} }) }), /^a\.operations {2}Expected/],
    [
      "a combiner twice",
      define({ a: cells({ blocks: 1, operations, combiners: ["add", "add"] }) }),
      /^a\.combiners {2}Expected/,
    ],
    [
      "no name",
      () => defineSpace({ name: "", version: 1, skeleton: {}, decisions: {}, decode: () => ({ network: 0 }) }),
      /^name {2}Expected/,
    ],
    [
      "version 0",
      () => defineSpace({ name: "x", version: 0, skeleton: {}, decisions: {}, decode: () => ({ network: 0 }) }),
      /^space x: version {2}Expected/,
    ],
    [
      "no decode",
      () => defineSpace({ name: "x", version: 1, skeleton: {}, decisions: {}, decode: undefined as never }),
      /^space x: decode {2}Expected a function\. Received: "undefined"/,
    ],
    [
      "no skeleton",
      () =>
        defineSpace({
          name: "x",
          version: 1,
          skeleton: undefined as never,
          decisions: {},
          decode: () => ({ network: 0 }),
        }),
      /^space x: skeleton {2}Expected an object/,
    ],
    [
      "a declaration of one's own that takes another's path",
      define({
        a: int(1, 2),
        b: { [declared]: true, compile: ({ group }) => int(1, 2).compile({ path: "a", group }) },
      }),
      /^a {2}Expected a path that no other decision has/,
    ],
  ])("%s", (_, run, message) => {
    const error = thrownBy(run);
    expect(error.code).toBe("space");
    expect(error.message).toMatch(message);
  });
});

test.each([
  ["constraint", "constraints"],
  ["decod", "decode"],
  ["scaleskeleton", "scaleSkeleton"],
])("a definition with a misspelt key, %s, is refused: it would be passed over", (key, meant) => {
  const good = { name: "s", version: 1, skeleton: {}, decisions: { a: int(1, 3) }, decode: () => ({ network: 0 }) };
  expect(defineSpace(good).name).toBe("s");
  expect(thrownBy(() => defineSpace({ ...good, [key]: {} })).message).toBe(
    `space s: ${key}  Expected one of name, version, skeleton, decisions, decode, scaleSkeleton, roundedNumbers, constraints, named. Received: "${key}". Did you mean ${meant}?`,
  );
});

describe("constraints of a space", () => {
  const make = (constraints: unknown) =>
    defineSpace({
      name: "s",
      version: 1,
      skeleton: {},
      decisions: { a: int(1, 3) },
      decode: () => ({ network: 0 }),
      constraints: constraints as Constraints<number>,
    });

  test("are kept, and are no part of its hash", () => {
    const constraints = { maxParams: 10, accept: () => true };
    expect(make(constraints).constraints).toBe(constraints);
    expect(make(constraints).hash).toBe(make({ maxMacs: 1 }).hash);
  });

  test.each([
    [
      [],
      "space s: constraints  Expected an object with maxParams, maxMacs, maxMemory, accept, maxLatencyMs. Received: [].",
    ],
    [
      { maxFlops: 1 },
      'space s: constraints.maxFlops  Expected one of maxParams, maxMacs, maxMemory, accept, maxLatencyMs. Received: "maxFlops".',
    ],
    [
      { maxParam: 1 },
      'space s: constraints.maxParam  Expected one of maxParams, maxMacs, maxMemory, accept, maxLatencyMs. Received: "maxParam". Did you mean maxParams?',
    ],
    [{ maxParams: 0 }, "space s: constraints.maxParams  Expected a number above 0. Received: 0."],
    [{ maxLatencyMs: "5" }, 'space s: constraints.maxLatencyMs  Expected a number above 0. Received: "5".'],
    [
      { accept: true },
      "space s: constraints.accept  Expected a function of { network, cost, genotype }. Received: true.",
    ],
  ])("%j are refused, naming what is wrong", (constraints, message) => {
    expect(thrownBy(() => make(constraints)).message).toBe(message);
  });
});
