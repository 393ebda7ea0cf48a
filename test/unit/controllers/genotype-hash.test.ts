/** @file A genotype's hash, followed from change to change, is that made anew. */
import { createRng } from "cellwright/base";
import { changesOf } from "cellwright/search";
import type { AnySpace } from "cellwright/space";
import { nasnet } from "cellwright/spaces";
import { describe, expect, it } from "vitest";
import { genotypeHash } from "../../../controllers/genotype-hash.ts";
import { conditional, flat, numbers, twoCells } from "../../contract/controllers/spaces.ts";

const spaces: readonly AnySpace[] = [flat, numbers, conditional, twoCells, nasnet];

describe("the hash of a genotype", () => {
  it.each(spaces)("$name: followed over a thousand changes is that made anew", (space) => {
    const rng = createRng(1);
    const hash = genotypeHash(space);
    let genotype = space.sample(rng);
    let followed = hash.of(genotype);
    for (let i = 0; i < 1_000; i++) {
      const { path, from, to, isAlone, genotype: neighbour } = rng.pick(changesOf(space, genotype, rng));
      genotype = neighbour();
      followed = isAlone ? hash.changed(followed, path, from, to) : hash.of(genotype);
      expect(followed).toBe(hash.of(genotype));
    }
  });

  it("tells genotypes apart, and not the order in which they are written", () => {
    const rng = createRng(2);
    const hash = genotypeHash(nasnet);
    const genotypes = Array.from({ length: 5_000 }, () => nasnet.sample(rng));
    const texts = new Set(genotypes.map((genotype) => JSON.stringify(genotype)));
    expect(new Set(genotypes.map((genotype) => hash.of(genotype))).size).toBe(texts.size);
    const reversed = Object.fromEntries(Object.entries(genotypes[0]!).toReversed());
    expect(hash.of(reversed)).toBe(hash.of(genotypes[0]!));
  });
});
