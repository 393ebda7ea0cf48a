/** @file The promises of a space, over random spaces with nested conditionals, each held against an oracle that knows only the specification. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../src/base/canonical-json.ts";
import { createRng } from "../../../src/base/rng.ts";
import type { Genotype } from "../../../src/space/index.ts";
import { allGenotypes, entriesText, sizeOf, spaceOf, specs, wrongPaths } from "./random-space.ts";

const anySpecs = specs({ finite: false });
const seeds = fc.integer({ min: 0, max: 1_000_000 });
/** Small enough to list: a few hundred genotypes at most. */
const listable = specs({ finite: true, most: 3 }).filter((members) => sizeOf(members) <= 500n);

/** Samples until some decision of the genotype has another value, or gives up: some random spaces have one genotype only. */
function mutable(genotype: Genotype, space: ReturnType<typeof spaceOf>): boolean {
  return space
    .active(genotype)
    .some((d) => d.kind === "float" || (d.kind === "int" ? d.max > d.min : d.options.length > 1));
}

describe("over random spaces", () => {
  test("every sample is valid, by the space and by the oracle, and decodes", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const space = spaceOf(members);
        const genotype = space.sample(createRng(seed));
        expect(wrongPaths(members, genotype)).toEqual([]);
        expect(space.validate(genotype)).toEqual([]);
        expect(space.active(genotype).map((decision) => decision.path)).toEqual(Object.keys(genotype));
        expect(Object.keys(space.decode(genotype).network as object)).toEqual(members.map((_, i) => `d${i}`));
      }),
    );
  });

  test("the same seed gives the same sample, and a stream goes on to others", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const [one, two] = [createRng(seed), createRng(seed)];
        const space = spaceOf(members);
        for (let i = 0; i < 3; i++) expect(spaceOf(members).sample(one)).toEqual(space.sample(two));
      }),
    );
  });

  test("a broken genotype is refused with exactly the paths that the oracle names", () => {
    fc.assert(
      fc.property(anySpecs, seeds, fc.integer({ min: 0, max: 4 }), (members, seed, damage) => {
        const space = spaceOf(members);
        const rng = createRng(seed);
        const genotype: Record<string, number> = { ...space.sample(rng) };
        const paths = Object.keys(genotype);
        if (paths.length === 0) return;
        const path = rng.pick(paths);
        if (damage === 0) delete genotype[path];
        else if (damage === 1) genotype[path] = 1e9;
        else if (damage === 2) genotype[path] = Number.NaN;
        else if (damage === 3) genotype[`${path}.nowhere`] = 0;
        // Any genotype of a like-named space: valid in part only, where the two take other branches.
        else Object.assign(genotype, space.sample(rng));
        const wrong = [...wrongPaths(members, genotype)];
        const found = space.validate(genotype).map((problem) => problem.path);
        // What hangs below a choice that can't be read is not complained of apart from the choice.
        const unreadable = damage < 3 ? `${path}.o` : undefined;
        const told = wrong.filter((at) => unreadable === undefined || !at.startsWith(unreadable));
        expect([...found].sort()).toEqual(told.sort());
      }),
      { numRuns: 300 },
    );
  });

  test("a mutant differs in one decision, in what that opens and closes, and in nothing else", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const space = spaceOf(members);
        const rng = createRng(seed);
        const parent = space.sample(rng);
        fc.pre(mutable(parent, space));
        const child = space.mutate(parent, rng);
        expect(wrongPaths(members, child)).toEqual([]);
        const shared = Object.keys(parent).filter((path) => path in child);
        const changed = shared.filter((path) => parent[path] !== child[path]);
        expect(changed).toHaveLength(1);
        const [picked] = changed as [string];
        const gone = Object.keys(parent).filter((path) => !(path in child));
        const come = Object.keys(child).filter((path) => !(path in parent));
        for (const path of gone) expect(path.startsWith(`${picked}.o${parent[picked]}.`)).toBe(true);
        for (const path of come) expect(path.startsWith(`${picked}.o${child[picked]}.`)).toBe(true);
      }),
    );
  });

  test("a child takes every decision from a parent", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const space = spaceOf(members);
        const rng = createRng(seed);
        const [a, b] = [space.sample(rng), space.sample(rng)];
        const child = space.crossover(a, b, rng);
        expect(wrongPaths(members, child)).toEqual([]);
        for (const [path, value] of Object.entries(child)) expect([a[path], b[path]]).toContain(value);
      }),
    );
  });

  test("a small space lists each of its genotypes once, as many as it counts, in lexicographic order", () => {
    fc.assert(
      fc.property(listable, (members) => {
        const space = spaceOf(members);
        const listed = [...space.enumerate()];
        expect(space.count()).toBe(BigInt(listed.length));
        expect(listed.map(entriesText).sort()).toEqual([...allGenotypes(members)].sort());
        for (let i = 1; i < listed.length; i++) {
          const [before, after] = [Object.entries(listed[i - 1] ?? {}), Object.entries(listed[i] ?? {})];
          const at = before.findIndex(([path, value], k) => after[k]?.[0] !== path || after[k][1] !== value);
          expect(after[at]?.[0]).toBe(before[at]?.[0]);
          expect(after[at]?.[1]).toBeGreaterThan(before[at]?.[1] as number);
        }
      }),
    );
  });

  test("a finite space counts what its specification says", () => {
    fc.assert(
      fc.property(specs({ finite: true }), (members) => {
        expect(spaceOf(members).count()).toBe(sizeOf(members));
      }),
    );
  });

  test("a vector gives its genotype back exactly, and no two genotypes share one", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const space = spaceOf(members);
        const rng = createRng(seed);
        const genotype = space.sample(rng);
        const vector = space.encode(genotype);
        expect(vector).toHaveLength(space.vectorLength);
        for (const entry of vector) expect(entry >= 0 && entry <= 1).toBe(true);
        expect(space.fromVector(vector)).toEqual(genotype);
        const other = space.sample(rng);
        if (canonicalJson(other) !== canonicalJson(genotype)) expect(space.encode(other)).not.toEqual(vector);
      }),
      { numRuns: 300 },
    );
  });

  test("any vector of the right length gives a valid genotype", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const space = spaceOf(members);
        const rng = createRng(seed);
        const vector = Float64Array.from({ length: space.vectorLength }, () => rng.normal());
        expect(wrongPaths(members, space.fromVector(vector))).toEqual([]);
      }),
    );
  });

  test("canonical JSON does not hang on the order of keys, and survives parsing", () => {
    fc.assert(
      fc.property(anySpecs, seeds, (members, seed) => {
        const space = spaceOf(members);
        const genotype = space.sample(createRng(seed));
        const shuffled = Object.fromEntries(createRng(`${seed}/order`).shuffle(Object.entries(genotype)));
        const text = canonicalJson(genotype);
        expect(canonicalJson(shuffled)).toBe(text);
        const parsed = JSON.parse(text) as Genotype;
        expect(parsed).toEqual(genotype);
        expect(space.validate(parsed)).toEqual([]);
        expect(space.decode(parsed)).toEqual(space.decode(genotype));
      }),
    );
  });

  test("the hash is of the decisions: equal for equal declarations, other for others", () => {
    fc.assert(
      fc.property(anySpecs, anySpecs, (one, two) => {
        expect(spaceOf(one).hash).toBe(spaceOf(one).hash);
        const alike = JSON.stringify(spaceOf(one).decisions) === JSON.stringify(spaceOf(two).decisions);
        expect(spaceOf(one).hash === spaceOf(two).hash).toBe(alike);
      }),
    );
  });
});
