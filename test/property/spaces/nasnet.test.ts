/** @file Every genotype of the NASNet space is a network (law 3), and genotypes that say the same in other words have one id (law 5). */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import {
  canonicalId,
  costOf,
  inferShapes,
  parseNetwork,
  serializeNetwork,
  validateNetwork,
  weightSpecs,
} from "cellwright/network";
import type { Genotype } from "cellwright/space";
import { nasnet, nasnetCells, type NasnetSkeleton } from "cellwright/spaces";

const genotypes = fc.integer({ min: 0, max: 2 ** 31 }).map((seed) => nasnet.sample(createRng(seed)));

const skeletons: fc.Arbitrary<Partial<NasnetSkeleton>> = fc.oneof(
  fc.record({
    cellsPerStack: fc.integer({ min: 1, max: 2 }),
    filters: fc.integer({ min: 1, max: 9 }),
    stacks: fc.constantFrom(2, 3),
    input: fc.constantFrom([32, 32, 3], [28, 20, 1], [17, 33, 3]),
    skipReductionLayerInput: fc.boolean(),
    dropPath: fc.boolean(),
    dropout: fc.constantFrom(0, 0.5),
    auxiliary: fc.boolean(),
  }) as fc.Arbitrary<Partial<NasnetSkeleton>>,
  fc.record({
    stem: fc.constant("imagenet"),
    cellsPerStack: fc.constant(1),
    filters: fc.constantFrom(4, 8, 12),
    input: fc.constantFrom([96, 96, 3], [75, 64, 3]),
    skipReductionLayerInput: fc.boolean(),
  }) as fc.Arbitrary<Partial<NasnetSkeleton>>,
);

describe("random genotypes", () => {
  it("decode, validate, infer their shapes and cost what their weights add up to", () => {
    fc.assert(
      fc.property(genotypes, skeletons, (genotype, skeleton) => {
        const { network } = nasnet.decode(genotype, skeleton);
        expect(validateNetwork(JSON.parse(JSON.stringify(network)))).toEqual(network);
        const shapes = inferShapes(network);
        expect(shapes.get(network.outputs.logits)).toEqual([10]);

        const cost = costOf(network);
        const sizes = weightSpecs(network).map(({ shape, trainable }) => ({
          size: shape.reduce((a, b) => a * b, 1),
          trainable,
        }));
        const sum = (items: readonly { size: number }[]): number => items.reduce((total, { size }) => total + size, 0);
        expect(cost.total).toBe(sum(sizes));
        expect(cost.params).toBe(sum(sizes.filter(({ trainable }) => trainable)));
        expect(cost.macs).toBeGreaterThan(0);
        expect(Number.isSafeInteger(cost.macs)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("put out F channels for every loose end, 2F for a concatenating block, at the size the strides give", () => {
    fc.assert(
      fc.property(genotypes, (genotype) => {
        const { network } = nasnet.decode(genotype, { cellsPerStack: 1, filters: 4 });
        const shapes = inferShapes(network);
        const { normal, reduction } = nasnetCells(genotype);
        const width = ({ blocks, looseEnds }: typeof normal): number =>
          looseEnds.reduce((sum, state) => sum + (blocks[state - 2]?.combiner === "concat" ? 2 : 1), 0);
        // The node that a cell's successor reads is its output, however the cell ends.
        const outputOf = (reader: string): unknown =>
          shapes.get(network.nodes.find(({ id }) => id === reader)?.inputs[0] ?? "");
        expect(outputOf("reduction0/current/act")).toEqual([32, 32, 4 * width(normal)]);
        expect(outputOf("cell1/current/act")).toEqual([16, 16, 8 * width(reduction)]);
        expect(outputOf("head/act")).toEqual([8, 8, 16 * width(normal)]);
      }),
      { numRuns: 100 },
    );
  });

  it("come back from their text", () => {
    fc.assert(
      fc.property(genotypes, (genotype) => {
        const { network } = nasnet.decode(genotype, { cellsPerStack: 1, filters: 2 });
        expect(parseNetwork(serializeNetwork(network))).toEqual(network);
      }),
      { numRuns: 20 },
    );
  });
});

const id = (genotype: Genotype): string =>
  canonicalId(nasnet.decode(genotype, { cellsPerStack: 1, filters: 4, stacks: 2 }).network);

/** The genotype with the two sides of block `b` of `cell` exchanged. */
function sidesSwapped(genotype: Genotype, cell: string, b: number): Genotype {
  const swapped: Record<string, number> = { ...genotype };
  for (const field of ["Input", "Operation"]) {
    const [left, right] = [`${cell}.block${b}.left${field}`, `${cell}.block${b}.right${field}`];
    [swapped[left], swapped[right]] = [genotype[right] as number, genotype[left] as number];
  }
  return swapped;
}

/** The genotype with blocks `b` and `b + 1` of `cell` exchanged, later blocks reading them under their new numbers; undefined where the second reads the first. */
function blocksSwapped(genotype: Genotype, cell: string, b: number): Genotype | undefined {
  const [first, second] = [b + 2, b + 3];
  const swapped: Record<string, number> = {};
  for (const [path, value] of Object.entries(genotype)) {
    const [, name, block, field] = /^(.+)\.block(\d)\.(.+)$/.exec(path) ?? [];
    if (name !== cell) {
      swapped[path] = value;
      continue;
    }
    const from = Number(block);
    const isInput = field?.endsWith("Input") === true;
    if (isInput && from === b + 1 && value === first) return undefined;
    const to = from === b ? b + 1 : from === b + 1 ? b : from;
    const renamed = value === first ? second : value === second ? first : value;
    swapped[`${cell}.block${to}.${field}`] = isInput && from > b + 1 ? renamed : value;
  }
  return swapped;
}

describe("genotypes of one function", () => {
  const cell = fc.constantFrom("normal", "reduction");

  it("keep their id when a block's sides are exchanged", () => {
    fc.assert(
      fc.property(genotypes, cell, fc.nat(4), (genotype, name, b) => {
        expect(id(sidesSwapped(genotype, name, b))).toBe(id(genotype));
      }),
      { numRuns: 60 },
    );
  });

  it("keep their id when blocks that don't read each other are exchanged", () => {
    let tried = 0;
    fc.assert(
      fc.property(genotypes, cell, fc.nat(3), (genotype, name, b) => {
        const swapped = blocksSwapped(genotype, name, b);
        if (swapped === undefined) return;
        tried++;
        expect(nasnet.validate(swapped)).toEqual([]);
        expect(id(swapped)).toBe(id(genotype));
      }),
      { numRuns: 60 },
    );
    expect(tried).toBeGreaterThan(10);
  });

  it("change it with an operation that has weights", () => {
    fc.assert(
      fc.property(genotypes, cell, fc.nat(4), (genotype, name, b) => {
        const path = `${name}.block${b}.leftOperation`;
        const names = Object.keys(nasnetCells(genotype).normal.operations);
        const [sep3, sep7] = [names.indexOf("sep3"), names.indexOf("sep7")];
        expect(id({ ...genotype, [path]: sep3 })).not.toBe(id({ ...genotype, [path]: sep7 }));
      }),
      { numRuns: 60 },
    );
  });
});
