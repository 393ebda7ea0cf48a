/** @file What the surrogate sees of a network: paths counted, dead branches left out, isomorphic cells alike. */
import { createRng } from "cellwright/base";
import { graphFeatures, squaredPathDistance } from "cellwright/search";
import { nasBench201, nasBench201Class, nasnet, parseNasBench201 } from "cellwright/spaces";
import { describe, expect, it } from "vitest";

const features = (text: string) =>
  graphFeatures(nasBench201.decode(parseNasBench201(text), { cellsPerStack: 1 }).network);

const cell = (a: string, b: string, c: string, d: string, e: string, f: string) =>
  features(`|${a}~0|+|${b}~0|${c}~1|+|${d}~0|${e}~1|${f}~2|`);

const [none, skip, conv1, conv3] = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3"] as const;

describe("graph features", () => {
  it("count each sequence of operations, skips left out", () => {
    const straight = cell(conv3, none, conv1, none, none, skip);
    // Two sequences differ from these two alone: 3x3 then 1x1 once a cell in the place of 1x1 then 3x3, three cells: 2 log(1 + 3)².
    const swapped = cell(conv1, none, conv3, none, none, skip);
    expect(squaredPathDistance(straight.paths, swapped.paths)).toBeCloseTo(2 * Math.log(4) ** 2, 10);
    expect(squaredPathDistance(straight.paths, straight.paths)).toBe(0);
    // A second way through the same sequence: three more of it.
    const doubled = cell(conv3, conv3, conv1, none, none, skip);
    expect(squaredPathDistance(straight.paths, doubled.paths)).toBeGreaterThan(0);
  });

  it("are the same for cells that a skip or a dead branch alone tells apart", () => {
    const one = cell(conv3, none, none, none, skip, none);
    const other = cell(none, conv3, none, none, none, skip);
    const dead = cell(none, none, none, conv3, none, none);
    const deadBranch = cell(conv1, none, none, conv3, none, none);
    for (const same of [other, dead, deadBranch]) {
      expect(same.signature).toBe(one.signature);
      expect(same.cost).toEqual(one.cost);
      expect(squaredPathDistance(same.paths, one.paths)).toBe(0);
    }
    expect(cell(conv1, none, none, none, skip, none).signature).not.toBe(one.signature);
  });

  it("have one signature only within one published class", () => {
    const rng = createRng("classes");
    const classOf = new Map<string, string>();
    let pairs = 0;
    for (let i = 0; i < 800; i++) {
      const genotype = nasBench201.sample(rng);
      // The classes tell zeros in a sum apart, which compute the same: cells without zeros.
      if (Object.values(genotype).includes(0)) continue;
      const { signature } = graphFeatures(nasBench201.decode(genotype, { cellsPerStack: 1 }).network);
      const published = nasBench201Class(genotype);
      if (classOf.has(signature)) pairs++;
      expect(classOf.get(signature) ?? published).toBe(published);
      classOf.set(signature, published);
    }
    expect(pairs).toBeGreaterThan(3);
  });

  it("do not depend on what was seen before, and tell cells of NASNet's space apart", () => {
    const rng = createRng("nasnet");
    const genotypes = Array.from({ length: 6 }, () => nasnet.sample(rng));
    const once = genotypes.map((genotype) => graphFeatures(nasnet.decode(genotype).network));
    const again = genotypes.toReversed().map((genotype) => graphFeatures(nasnet.decode(genotype).network));
    expect(again.toReversed()).toEqual(once);
    expect(new Set(once.map(({ signature }) => signature)).size).toBe(6);
    for (const [index, own] of once.entries())
      for (const other of once.slice(index + 1)) expect(squaredPathDistance(own.paths, other.paths)).toBeGreaterThan(0);
  });
});
