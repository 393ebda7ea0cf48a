/**
 * @file How sampling, mutation and crossover are distributed. Seeded, so each test gives one and the same figure; the bounds are
 * those of chance: a chi-square statistic stays below its 99.9% quantile, so a fair draw passes nearly any seed and a bent one fails.
 */
import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { choice, type Decision, defineSpace, float, type Genotype, int } from "../../../src/space/index.ts";
import { thrownBy } from "./errors.ts";

/** 99.9% quantiles of chi-square by degrees of freedom. */
const CHI_SQUARE: Readonly<Record<number, number>> = { 1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47, 5: 20.52, 9: 27.88 };
const DRAWS = 4000;

const space = defineSpace({
  name: "d",
  version: 1,
  skeleton: {},
  decisions: {
    a: choice(["p", "q", "r", "s"]),
    fixed: choice(["only"]),
    b: int(0, 40, { step: 10 }),
    c: choice({ off: {}, on: { d: choice(["x", "y", "z"]) } }),
    rate: float(0.001, 1, { scale: "log" }),
  },
  decode: (choices) => ({ network: choices }),
});
const start: Genotype = { a: 1, fixed: 0, b: 20, c: 1, "c.on.d": 2, rate: 0.1 };

function chiSquare(counts: ReadonlyMap<unknown, number>, kinds: number): number {
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  const each = total / kinds;
  const unseen = kinds - counts.size;
  return [...counts.values()].reduce((sum, n) => sum + (n - each) ** 2 / each, unseen * each);
}

function count<T>(items: Iterable<T>): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function expectEven(items: readonly unknown[], kinds: number): void {
  const counts = count(items);
  expect(counts.size).toBe(kinds);
  expect(chiSquare(counts, kinds)).toBeLessThan(CHI_SQUARE[kinds - 1] as number);
}

const rng = createRng("distribution");

test("samples take every option of a decision as often", () => {
  const stream = rng.fork("sample");
  const samples = Array.from({ length: DRAWS }, () => space.sample(stream));
  expectEven(
    samples.map((g) => g["a"]),
    4,
  );
  expectEven(
    samples.map((g) => g["b"]),
    5,
  );
  expectEven(
    samples.map((g) => g["c"]),
    2,
  );
  expectEven(
    samples.flatMap((g) => (g["c"] === 1 ? [g["c.on.d"]] : [])),
    3,
  );
  // A logarithm drawn uniformly puts as many draws into each of the ten equal parts of [log 0.001, log 1].
  expectEven(
    samples.map((g) => Math.floor((Math.log10(g["rate"] as number) + 3) / 0.3)),
    10,
  );
});

test("mutations pick each active decision that has another value as often, and each other value as often", () => {
  const stream = rng.fork("mutate");
  const mutants = Array.from({ length: DRAWS }, () => space.mutate(start, stream));
  const changed = mutants.map((g) => Object.keys(start).find((path) => path in g && g[path] !== start[path]) as string);
  expectEven(changed, 5);
  expect(new Set(changed)).toEqual(new Set(["a", "b", "c", "c.on.d", "rate"]));
  const others = (path: string): readonly unknown[] =>
    mutants.flatMap((g, i) => (changed[i] === path ? [g[path]] : []));
  expectEven(others("a"), 3);
  expectEven(others("b"), 4);
  expectEven(others("c.on.d"), 2);
  expect(new Set(others("a"))).toEqual(new Set([0, 2, 3]));
  expect(new Set(others("b"))).toEqual(new Set([0, 10, 30, 40]));
});

test("a mutation that opens decisions samples them evenly", () => {
  const stream = rng.fork("open");
  const off: Genotype = { a: 1, fixed: 0, b: 20, c: 0, rate: 0.1 };
  const pick = (active: readonly Decision[]): Decision => active.find((d) => d.path === "c") as Decision;
  const opened = Array.from({ length: DRAWS }, () => space.mutate(off, stream, pick)["c.on.d"]);
  expectEven(opened, 3);
});

test("pick is offered the active decisions with more than one value, in order, and has to choose one of them", () => {
  const offered: (readonly string[])[] = [];
  const note = (active: readonly Decision[]): Decision => {
    offered.push(active.map((d) => d.path));
    return active[0] as Decision;
  };
  const mutant = space.mutate(start, rng.fork("pick"), note);
  expect(offered).toEqual([["a", "b", "c", "c.on.d", "rate"]]);
  expect(mutant).toEqual({ ...start, a: mutant["a"] });
  const fixed = space.decisions[1] as Decision;
  const error = thrownBy(() => space.mutate(start, rng.fork("foreign"), () => fixed));
  expect(error.message).toMatch(/^mutate {2}Expected one of the decisions it offered to pick\. Received: "fixed"/);
});

test("crossover takes a shared decision from either parent as often, independently of the others", () => {
  const stream = rng.fork("cross");
  const other: Genotype = { a: 3, fixed: 0, b: 0, c: 0, rate: 0.5 };
  const children = Array.from({ length: DRAWS }, () => space.crossover(start, other, stream));
  for (const path of ["a", "b", "c", "rate"])
    expectEven(
      children.map((g) => g[path]),
      2,
    );
  // Two independent coins fall four ways as often.
  expectEven(
    children.map((g) => `${g["a"]}/${g["b"]}`),
    4,
  );
  for (const child of children) expect(child["c.on.d"]).toBe(child["c"] === 1 ? 2 : undefined);
});

test("a float's mutation is a new draw over its whole range", () => {
  const stream = rng.fork("float");
  const pick = (active: readonly Decision[]): Decision => active.find((d) => d.path === "rate") as Decision;
  const values = Array.from({ length: DRAWS }, () => space.mutate(start, stream, pick)["rate"] as number);
  expectEven(
    values.map((value) => Math.floor((Math.log10(value) + 3) / 0.3)),
    10,
  );
  expect(values.every((value) => value === Number(value.toPrecision(9)))).toBe(true);
});
