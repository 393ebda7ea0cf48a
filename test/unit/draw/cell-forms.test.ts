/** @file Cells of every form as drawings have them: what DARTS and NAS-Bench-201 decide is what is drawn, and what sets two cells apart is marked. */
import { describe, expect, it } from "vitest";
import { amoebanet, darts, nasBench201, parseNasBench201 } from "cellwright/spaces";
import { createRng } from "../../../src/base/rng.ts";
import {
  cellPicture,
  cellsOf,
  cellsPicture,
  cellText,
  diffCells,
  differencePicture,
  diffText,
  pictureSvg,
  type CellStructure,
  type Shape,
} from "../../../src/draw/index.ts";
import { twoBlockCell } from "../../support/two-block-cell.ts";

const dartsCells = (name: "darts-v1" | "darts-v2"): CellStructure[] => cellsOf(darts, darts.named[name] ?? {});

describe("cells of other forms", () => {
  it("of DARTS: nodes that read two states, all of them put out", () => {
    const [normal, reduction, ...more] = dartsCells("darts-v2");
    expect(more).toEqual([]);
    expect([normal?.name, reduction?.name]).toEqual(["normal", "reduction"]);
    expect(cellText(normal as CellStructure)).toBe(
      [
        "Normal cell",
        "  n0 = sep 3×3(h-1)  + sep 3×3(h)",
        "  n1 = sep 3×3(h-1)  + sep 3×3(h)",
        "  n2 = identity(h-1) + sep 3×3(h)",
        "  n3 = identity(h-1) + dilated 3×3(n0)",
        "  out = concat(n0, n1, n2, n3)",
      ].join("\n"),
    );
  });

  it("of NAS-Bench-201: an edge from every earlier node, none left out, a node without any zero", () => {
    const text = "|none~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|";
    const [cell, ...more] = cellsOf(nasBench201, parseNasBench201(text));
    expect(more).toEqual([]);
    expect(cellText(cell as CellStructure)).toBe(
      [
        "Cell",
        "  n1 = 0",
        "  n2 = conv 1×1(n1)",
        "  n3 = identity(in) + avg 3×3(n1) + conv 3×3(n2)",
        "  out = n3",
      ].join("\n"),
    );
    const svg = pictureSvg(cellPicture(cell as CellStructure));
    for (const label of ["none", "conv 1×1", "identity", "avg 3×3", "conv 3×3", "in", "output"])
      expect(svg.match(new RegExp(`>${label}</text>`, "g")), label).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("are drawn whatever is sampled", () => {
    for (const space of [darts, nasBench201, amoebanet])
      for (let seed = 0; seed < 10; seed++) {
        const cells = cellsOf(space, space.sample(createRng(seed)));
        const svg = pictureSvg(cellsPicture(cells));
        expect(cells.length).toBe(space === nasBench201 ? 1 : 2);
        expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      }
  });
});

describe("a pair of cells", () => {
  it("stands side by side, each under its name, inside the picture, and apart", () => {
    const picture = cellsPicture(dartsCells("darts-v2"), { title: "darts-v2", subtitle: "as published" });
    const svg = pictureSvg(picture);
    for (const text of ["darts-v2", "as published", "Normal cell", "Reduction cell"])
      expect(svg).toContain(`>${text}</text>`);
    const panels = picture.shapes.filter((shape) => shape.kind === "group");
    expect(panels).toHaveLength(2);
    const [left, right] = panels.map((panel) => xOf(panel.shapes).map((x) => x + panel.x));
    expect(Math.max(...(left ?? []))).toBeLessThan(Math.min(...(right ?? [])));
    expect(Math.min(...(left ?? []))).toBeGreaterThan(0);
    expect(Math.max(...(right ?? []))).toBeLessThan(picture.width);
  });
});

describe("a difference", () => {
  const cell = twoBlockCell({ operations: ["sep5", "identity", "max5", "conv3"], lastInput: 2 });
  const [one, two] = cell.blocks as [CellStructure["blocks"][number], CellStructure["blocks"][number]];

  it("is none between a cell and itself", () => {
    const { before, after, count } = diffCells(cell, cell);
    expect(count).toBe(0);
    for (const marks of [before, after])
      for (const marked of Object.values(marks)) expect((marked as ReadonlyMap<unknown, unknown>).size).toBe(0);
    expect(diffText(cell, cell)).not.toMatch(/^[-+]/m);
  });

  it("marks another operation in both, another input in each, another combiner, and another output", () => {
    const other: CellStructure = {
      ...cell,
      blocks: [
        {
          ...one,
          steps: [
            { input: 0, operation: "sep3" },
            { input: 0, operation: "identity" },
          ],
        },
        { ...two, combiner: "concat" },
      ],
      outputs: [1, 3],
    };
    const { before, after, count } = diffCells(cell, other);
    expect(count).toBe(4);
    expect([...before.operations, ...before.edges, ...before.combiners, ...before.outputs]).toEqual([
      ["0.0", "changed"],
      ["0.1", "removed"],
      [1, "changed"],
    ]);
    expect([...after.operations, ...after.edges, ...after.combiners, ...after.outputs]).toEqual([
      ["0.0", "changed"],
      ["0.1", "added"],
      [1, "changed"],
      [1, "added"],
    ]);
    expect(diffText(cell, other)).toBe(
      [
        "Normal cell",
        "- b0 = sep 5×5(h)  + identity(h-1)",
        "+ b0 = sep 3×3(h)  + identity(h)",
        "- b1 = max 5×5(b0) + conv 3×3(b0)",
        "+ b1 = max 5×5(b0) concat conv 3×3(b0)",
        "- out = b1",
        "+ out = concat(h-1, b1)",
      ].join("\n"),
    );
  });

  it("marks a block that only one has as a whole", () => {
    const shorter = { ...cell, blocks: [one], outputs: [2] };
    const { before, after } = diffCells(cell, shorter);
    expect(before.operations).toEqual(
      new Map([
        ["1.0", "removed"],
        ["1.1", "removed"],
      ]),
    );
    expect(after.operations.size).toBe(0);
    expect(diffText(cell, shorter)).toContain("- b1 = ");
  });

  it("of a mutation is one part or what hangs on it", () => {
    for (let seed = 0; seed < 40; seed++) {
      const rng = createRng(seed);
      const parent = amoebanet.sample(rng);
      const child = amoebanet.mutate(parent, rng);
      const pairs = cellsOf(amoebanet, parent).map(
        (cell, i) => [cell, cellsOf(amoebanet, child)[i] as CellStructure] as const,
      );
      const counts = pairs.map(([a, b]) => diffCells(a, b));
      // One decision: an operation, or an input, which may also make a loose end of one state and no longer of another.
      expect(counts.filter(({ count }) => count > 0)).toHaveLength(1);
      const [found] = counts.filter(({ count }) => count > 0);
      expect((found?.after.operations.size ?? 0) + (found?.after.edges.size ?? 0)).toBe(1);
      expect(found?.count).toBeLessThanOrEqual(3);
    }
  });

  it("is a picture of both, with a legend, its marks told by more than colour", () => {
    const [v1, v2] = [dartsCells("darts-v1"), dartsCells("darts-v2")];
    const svg = pictureSvg(differencePicture({ name: "darts-v1", cells: v1 }, { name: "darts-v2", cells: v2 }));
    for (const text of ["darts-v1: Normal cell", "darts-v2: Reduction cell", "only in darts-v1", "only in darts-v2"])
      expect(svg).toContain(`>${text}</text>`);
    // Two lines that only the first reduction has: dashed; as many that only the second has: not.
    const lines = (colour: string): string[] =>
      [...svg.matchAll(new RegExp(`<path d="M[^"]*C[^"]*"[^>]*stroke="${colour}"[^>]*>`, "g"))].map(([text]) => text);
    const [removed, added] = [lines("#c04a00"), lines("#0072b2")];
    expect([removed.length, added.length]).toEqual([2, 2]);
    expect(removed.every((line) => line.includes("stroke-dasharray"))).toBe(true);
    expect(added.some((line) => line.includes("stroke-dasharray"))).toBe(false);
    // Three operations in the Normal cells and one in the Reduction cells are others, marked in both; one sign is the legend's.
    expect(svg.match(/>~<\/text>/g)).toHaveLength(2 * 4 + 1);
  });
});

/** The x of all that is in a group. */
function xOf(shapes: readonly Shape[]): readonly number[] {
  return shapes.flatMap((shape) => {
    if (shape.kind === "group") return xOf(shape.shapes).map((x) => x + shape.x);
    if (shape.kind === "rect") return [shape.x - shape.wide / 2, shape.x + shape.wide / 2];
    return shape.kind === "path" ? [] : [shape.x];
  });
}
