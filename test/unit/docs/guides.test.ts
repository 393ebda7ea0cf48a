/** @file The guides' code is code that compiles: every block stands word for word in the source file that its text names. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, validateNetwork } from "cellwright/network";
import tinyCells from "../../examples/tiny-cells.ts";
import { scaleTo } from "../../../src/scale/scale.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** The code blocks of a guide, each with the last file named before it. */
function blocksOf(guide: string): { file: string; code: string }[] {
  const text = read(`docs/${guide}`);
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => {
    const names = [...text.slice(0, match.index).matchAll(/`((?:src|test)\/[\w./-]+\.ts)`/g)];
    return { file: names.at(-1)?.[1] ?? "", code: (match[1] ?? "").trim() };
  });
}

describe("code in the guides", () => {
  for (const [guide, count] of [
    ["define-a-space.md", 1],
    ["add-an-operation.md", 2],
  ] as const) {
    it(`${guide} says what its source says`, () => {
      const blocks = blocksOf(guide);
      expect(blocks).toHaveLength(count);
      for (const { file, code } of blocks) expect(read(file)).toContain(code);
    });

    it(`${guide} names only files that exist`, () => {
      for (const [, path] of read(`docs/${guide}`).matchAll(/`((?:src|test|search-spaces)\/[\w./-]+)`/g)) {
        expect(() => read(path as string), path).not.toThrow();
      }
    });
  }
});

describe("the space of the guide", () => {
  it("decodes whatever is sampled", () => {
    const rng = createRng("guide");
    for (let i = 0; i < 50; i++) {
      const { network } = tinyCells.decode(tinyCells.sample(rng.fork(i)), { filters: 4 });
      expect(validateNetwork(JSON.parse(JSON.stringify(network)))).toEqual(network);
      expect(costOf(network).params).toBeGreaterThan(0);
    }
  });

  it("builds what was decided", () => {
    const genotype = {
      ...tinyCells.sample(createRng(1)),
      activation: 1,
      stemFilters: 32,
      attention: 1,
      "attention.squeeze.ratio": 0,
    };
    const { nodes } = tinyCells.decode(genotype).network;
    const fns = new Set(nodes.flatMap((node) => (node.op === "activation" ? [node.attributes.fn] : [])));
    expect(fns).toEqual(new Set(["swish", "sigmoid"]));
    const stem = nodes.find((node) => node.id === "stem/conv");
    expect(stem?.attributes).toMatchObject({ filters: 32, kernel: [3, 3] });
    expect(nodes.some(({ id }) => id === "attention/scale")).toBe(true);
  });

  it("grows as it says", () => {
    const size = scaleTo(
      { space: tinyCells, genotype: tinyCells.sample(createRng(1)), coefficients: { alpha: 1.5, beta: 1.2, gamma: 1 } },
      2,
    );
    expect(size.skeleton).toMatchObject({ cellsPerStack: 5, filters: 24 });
    expect(size.notes).toEqual(["cellsPerStack 4.5 rounded to 5", "filters 23 rounded to 24"]);
  });
});
