/** @file Drawings of cells: nothing overlaps, every edge arrives, text and picture say the same. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cells, choice, defineSpace } from "../../../src/space/index.ts";
import { createRng } from "../../../src/base/rng.ts";
import {
  cellLine,
  cellsOf,
  cellText,
  drawCellSvg,
  operationStyle,
  type CellStructure,
} from "../../../src/draw/index.ts";
import { layoutCell, sizes } from "../../../src/draw/layout.ts";
import type { Point } from "../../../src/draw/picture.ts";
import { twoBlockCell } from "../../support/two-block-cell.ts";

const operations = { identity: 0, conv1x7: 0, dil3: 0, avg3: 0, max5: 0, conv3: 0, sep5: 0 };
const space = defineSpace({
  name: "drawn",
  version: 1,
  skeleton: {},
  decisions: {
    normal: cells({ blocks: 5, operations, combiners: ["add", "concat"] }),
    activation: choice(["relu", "swish"]),
    reduction: cells({ blocks: 3, operations, inputs: 3 }),
  },
  decode: (choices) => ({ network: choices }),
});

const drawn = fc.integer({ min: 0, max: 2 ** 31 }).map((seed) => cellsOf(space, space.sample(createRng(seed))));

/** A cell whose figure is known. */
const cell = twoBlockCell({ operations: ["sep5", "identity", "max5", "conv1x7"], lastInput: 2, combiner: "concat" });

const [one] = cell.blocks as [CellStructure["blocks"][number]];

describe("cellsOf", () => {
  it("reads the cells that decode reads", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const genotype = space.sample(createRng(seed));
        const decoded = space.decode(genotype).network;
        const [normal, reduction] = cellsOf(space, genotype);
        for (const [mine, theirs] of [
          [normal, decoded.normal],
          [reduction, decoded.reduction],
        ] as const) {
          expect(mine?.inputs).toBe(theirs.inputs);
          expect(mine?.outputs).toEqual(theirs.looseEnds);
          expect(
            mine?.blocks.map(({ steps: [left, right], combiner }) => ({
              leftInput: left?.input,
              rightInput: right?.input,
              leftOperation: left?.operation,
              rightOperation: right?.operation,
              combiner,
            })),
          ).toEqual(theirs.blocks);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("finds none in a space without cells", () => {
    const flat = defineSpace({
      name: "flat",
      version: 1,
      skeleton: {},
      decisions: { a: choice(["x", "y"]) },
      decode: () => ({ network: null }),
    });
    expect(cellsOf(flat, { a: 1 })).toEqual([]);
  });
});

describe("the layout", () => {
  it("keeps boxes apart and inside the picture", () => {
    fc.assert(
      fc.property(drawn, (all) => {
        for (const one of all) {
          const layout = layoutCell(one);
          const boxes = boxesOf(one, layout);
          for (const [i, a] of boxes.entries()) {
            expect(a.x - a.width / 2).toBeGreaterThanOrEqual(0);
            expect(a.x + a.width / 2).toBeLessThanOrEqual(layout.width);
            expect(a.y - a.height / 2).toBeGreaterThanOrEqual(0);
            expect(a.y + a.height / 2).toBeLessThanOrEqual(layout.height);
            for (const b of boxes.slice(i + 1))
              expect(
                Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2,
              ).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("leads every edge from its state to its reader, always upwards, through no box", () => {
    fc.assert(
      fc.property(drawn, (all) => {
        for (const one of all) {
          const layout = layoutCell(one);
          const operationEdges = layout.edges.filter((edge) => edge.to === "operation");
          const feet = layout.blocks.flatMap(({ steps }) => steps);
          const states = one.blocks.flatMap(({ steps }) => steps.map(({ input }) => input));
          for (const [i, foot] of feet.entries()) {
            const arriving = operationEdges.filter(({ points }) =>
              near(points.at(-1), { x: foot.x, y: foot.y + sizes.operationHeight / 2 }),
            );
            expect(arriving.map((edge) => edge.state)).toEqual([states[i]]);
          }
          expect(
            layout.edges
              .filter((edge) => edge.to === "output")
              .map((edge) => edge.state)
              .toSorted((a, b) => a - b),
          ).toEqual(one.outputs);
          for (const { points } of layout.edges)
            for (const [i, to] of points.entries()) {
              if (i === 0) continue;
              const from = points[i - 1] as Point;
              expect(to.y).toBeLessThan(from.y);
              // Where an edge runs beside the boxes of a layer it is a lane: straight up, and clear of them.
              for (const foot of feet) {
                if (
                  Math.min(from.y, to.y) >= foot.y + sizes.operationHeight / 2 ||
                  Math.max(from.y, to.y) <= foot.y - sizes.operationHeight / 2
                )
                  continue;
                expect(Math.abs(from.x - to.x)).toBeLessThan(0.01);
                expect(Math.abs(from.x - foot.x)).toBeGreaterThan(sizes.operationWidth / 2);
              }
            }
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("drawCellSvg", () => {
  it("is a well-formed picture that names every operation", () => {
    const svg = drawCellSvg(cell, { title: 'A <cell> & "its" parts', subtitle: "trial 3" });
    expect(svg).toContain("A &lt;cell&gt; &amp; &quot;its&quot; parts");
    for (const text of ["sep 5×5", "identity", "max 5×5", "1×7, 7×1", "output", "trial 3"])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg.match(/>concat</g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const byText = (a = "", b = ""): number => a.localeCompare(b);
    const opened = [...svg.matchAll(/<([a-z]+)\b(?:[^>]*[^/])?>/g)].map((match) => match[1]);
    const closed = [...svg.matchAll(/<\/([a-z]+)>/g)].map((match) => match[1]);
    expect(opened.toSorted(byText)).toEqual(closed.toSorted(byText));
    expect(drawCellSvg(cell, { title: 'A <cell> & "its" parts', subtitle: "trial 3" })).toBe(svg);
  });

  it("keeps long names inside their boxes", () => {
    const names = ["sep3", "mbconv_k3_e6", "depthwise_sep_55", "own_depthwise_separable_5x5"];
    for (const name of names) {
      const long = { ...cell, blocks: [{ ...one, steps: [{ input: 0, operation: name }] }], outputs: [2] };
      const svg = drawCellSvg(long);
      const text = operationStyle(name).label;
      const shown = [...svg.matchAll(/font-size="([\d.]+)"[^>]*>([^<]*)<\/text>/g)].find(
        ([, , written = ""]) => written === text || (written.endsWith("…") && text.startsWith(written.slice(0, -1))),
      );
      // Helvetica's letters are 0.56 of the size on average.
      expect(Number(shown?.[1]) * 0.56 * (shown?.[2] ?? "").length, name).toBeLessThanOrEqual(sizes.operationWidth);
      if (shown?.[2] !== text) expect(svg).toContain(`<title>${name}</title>`);
    }
  });

  it("gives families shapes and contrast that need no colour", () => {
    const styles = ["identity", "conv3", "sep3", "dil3", "avg3"].map(operationStyle);
    expect(new Set(styles.map((style) => style.shape)).size).toBe(styles.length);
    for (const name of ["identity", "conv1x3", "conv1", "dil3", "avg3", "max7", "sep7", "own_thing"]) {
      // WCAG: 4.5 to 1 is what small text needs; the ink is #1a1a1a.
      expect(contrast(operationStyle(name).fill, "#1a1a1a")).toBeGreaterThan(4.5);
      expect(contrast(operationStyle(name).stroke, "#fcfcfa")).toBeGreaterThan(3);
    }
    expect(operationStyle("own_thing").label).toBe("own_thing");
    const labels = [
      "shuffle",
      "channel_shuffle4",
      "lrn",
      "local_response_norm",
      "adaptiveAvg4",
      "adaptive_max_2x1",
      "avg3",
    ];
    expect(labels.map((name) => operationStyle(name).label)).toEqual([
      "shuffle",
      "shuffle 4",
      "lrn",
      "lrn",
      "avg to 4×4",
      "max to 2×1, 1×2",
      "avg 3×3",
    ]);
  });
});

describe("the text forms", () => {
  it("say blocks and output", () => {
    expect(cellText(cell)).toBe(
      [
        "Normal cell",
        "  b0 = sep 5×5(h)  + identity(h-1)",
        "  b1 = max 5×5(b0) concat 1×7, 7×1(b0)",
        "  out = b1",
      ].join("\n"),
    );
    expect(cellLine(cell)).toBe("sep5(h)+identity(h-1) · max5(b0)‖conv1x7(b0)");
  });
});

function boxesOf(
  one: CellStructure,
  layout: ReturnType<typeof layoutCell>,
): { x: number; y: number; width: number; height: number }[] {
  const { operationWidth: width, operationHeight: height } = sizes;
  return [
    ...layout.inputs.map((at) => ({ ...at, width: sizes.inputWidth, height: sizes.inputHeight })),
    ...layout.blocks.flatMap(({ steps, combiner }, b) => [
      ...steps.map((step) => ({ ...step, width, height })),
      { ...combiner, width: one.blocks[b]?.combiner === "concat" ? 62 : 26, height: 26 },
    ]),
    { ...layout.output, height: sizes.outputHeight },
  ];
}

function near(a: Point | undefined, b: Point): boolean {
  return a !== undefined && Math.abs(a.x - b.x) < 0.01 && Math.abs(a.y - b.y) < 0.01;
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [r = 0, g = 0, blue = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}
