/**
 * @file Genotypes of the spaces on the shelf: they decode to the same each time, are written and read back, grow, and have one id for one function. That every sample
 * of every space exports and trains is in every-space.test.ts.
 */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import {
  canonicalId,
  costOf,
  inferShapes,
  parseNetwork,
  serializeNetwork,
  weightSpecs,
  type Network,
} from "cellwright/network";
import type { AnySpace, Genotype } from "cellwright/space";
import {
  amoebanet,
  canonicalNasBench101,
  darts,
  enasMicro,
  macroChain,
  nasBench101,
  nasBench101Cell,
  nasBench101Genotype,
  nasBench201,
  pnas,
} from "cellwright/spaces";
import { samples } from "../../support/shelf.ts";

/** Each with a small skeleton. */
const spaces: readonly (readonly [AnySpace, Readonly<Record<string, unknown>>])[] = [
  [amoebanet, { cellsPerStack: 1, filters: 4, stacks: 2 }],
  [darts, { cells: 3, filters: 4 }],
  [enasMicro, { cellsPerStack: 1, filters: 4 }],
  [macroChain, { filters: 4 }],
  [nasBench101, { cellsPerStack: 1, filters: 7, stacks: 2 }],
  [nasBench201, { cellsPerStack: 1, filters: 4 }],
  [pnas, { cellsPerStack: 1, filters: 4, stacks: 2 }],
];

describe.each(spaces.map(([space, skeleton]) => [space.name, space, skeleton] as const))("%s", (name, space, small) => {
  const rng = createRng(`shelf/${name}`);
  const genotypes = Array.from({ length: samples }, () => space.sample(rng));
  const decode = (genotype: Genotype, skeleton: Readonly<Record<string, unknown>> = small): Network =>
    space.decode(genotype, skeleton).network as Network;

  it("samples decode, the same each time, and cost what their weights add up to", () => {
    for (const genotype of genotypes) {
      const network = decode(genotype);
      expect(decode(genotype)).toEqual(network);
      expect(parseNetwork(serializeNetwork(network))).toEqual(network);
      expect(inferShapes(network).get(network.outputs.logits)).toEqual([10]);
      const sizes = weightSpecs(network)
        .filter(({ trainable }) => trainable)
        .map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      expect(costOf(network).params).toBe(sizes.reduce((sum, size) => sum + size, 0));
    }
  });

  it("grows: what is scaled decodes, and has more parameters", () => {
    const [genotype = {}] = genotypes;
    const skeleton = { ...space.skeleton, ...small };
    const grown = space.scaleSkeleton?.(skeleton, { depth: 1.44, width: 1.5, resolution: 1.32 });
    expect(costOf(decode(genotype, grown)).params).toBeGreaterThan(costOf(decode(genotype)).params);
  });

  it("has named genotypes that are its own, and come back from their vectors", () => {
    for (const genotype of [...Object.values(space.named), ...genotypes]) {
      expect(space.validate(genotype)).toEqual([]);
      expect(space.fromVector(space.encode(genotype))).toEqual(genotype);
    }
  });
});

describe("genotypes of one function have one id", () => {
  it.each([
    ["amoebanet", amoebanet, ["normal", "reduction"]],
    ["enas-micro", enasMicro, ["normal", "reduction"]],
    ["pnas", pnas, ["cell"]],
  ] as const)("%s: when the sides of a block are exchanged", (name, space, cells) => {
    const rng = createRng(`shelf/sides/${name}`);
    const skeleton = { cellsPerStack: 1, filters: 4 };
    const idOf = (genotype: Genotype): string => canonicalId(space.decode(genotype, skeleton).network);
    for (let i = 0; i < 10; i++) {
      const genotype = space.sample(rng);
      const at = `${rng.pick(cells)}.block${rng.int(5)}`;
      const swapped = { ...genotype };
      for (const field of ["Input", "Operation"]) {
        swapped[`${at}.left${field}`] = genotype[`${at}.right${field}`] as number;
        swapped[`${at}.right${field}`] = genotype[`${at}.left${field}`] as number;
      }
      expect(idOf(swapped)).toBe(idOf(genotype));
    }
  });

  it("nas-bench-101: isomorphic cells", () => {
    const rng = createRng("shelf/isomorphic");
    const idOf = (genotype: Genotype): string =>
      canonicalId(nasBench101.decode(genotype, { cellsPerStack: 1, stacks: 2, filters: 7 }).network);
    let different = 0;
    for (let i = 0; i < 40; i++) {
      const genotype = nasBench101.sample(rng);
      const canonical = nasBench101Genotype(canonicalNasBench101(nasBench101Cell(genotype)));
      if (JSON.stringify(nasBench101Cell(canonical)) !== JSON.stringify(nasBench101Cell(genotype))) different++;
      expect(idOf(canonical)).toBe(idOf(genotype));
    }
    expect(different).toBeGreaterThan(5);
  });
});
