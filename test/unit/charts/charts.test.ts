/** @file What the charts show, and that they are pictures with text in them. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bestSoFar,
  bestSoFarPng,
  operationShares,
  operationsPng,
  frontOf,
  paretoPng,
  scalingPng,
} from "../../../src/charts/index.ts";
import { chartSize, fontFamily } from "../../../src/charts/canvas.ts";

/** Returns the pixels of a PNG, four bytes each. */
async function pixelsOf(png: Uint8Array): Promise<{ width: number; height: number; data: Uint8ClampedArray }> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  return { width: image.width, height: image.height, data: context.getImageData(0, 0, image.width, image.height).data };
}

/** Share of the pixels of a region that are dark. */
function darkShare(
  { width, data }: { width: number; data: Uint8ClampedArray },
  x: number,
  y: number,
  w: number,
  h: number,
): number {
  let dark = 0;
  for (let row = y; row < y + h; row++)
    for (let column = x; column < x + w; column++) if ((data[(row * width + column) * 4] ?? 255) < 110) dark++;
  return dark / (w * h);
}

/** Share of a row's pixels that are all but black. */
function inkShare(
  { width, data }: { width: number; data: Uint8ClampedArray },
  x: number,
  y: number,
  w: number,
): number {
  let count = 0;
  for (let column = x; column < x + w; column++) {
    const at = (y * width + column) * 4;
    if (Math.max(data[at] ?? 255, data[at + 1] ?? 255, data[at + 2] ?? 255) < 60) count++;
  }
  return count / w;
}

const options = { title: "Best so far", measure: "accuracy", direction: "maximize" } as const;

describe("bestSoFar", () => {
  it("takes complete trials only", () => {
    const points = [
      { trial: 0, state: "failed" as const },
      { trial: 1, state: "complete" as const, value: 0.3 },
      { trial: 3, state: "pruned" as const, value: 0.9 },
      { trial: 2, state: "complete" as const, value: 0.2 },
      { trial: 4, state: "complete" as const, value: 0.5 },
    ];
    expect(bestSoFar(points, "maximize")).toEqual([undefined, 0.3, 0.3, 0.3, 0.5]);
    expect(bestSoFar(points, "minimize")).toEqual([undefined, 0.3, 0.3, 0.2, 0.2]);
  });
});

describe("frontOf", () => {
  const point = fc.record({
    trial: fc.nat(1000),
    cost: fc.integer({ min: 1, max: 30 }),
    value: fc.integer({ min: 0, max: 30 }),
  });
  it("holds exactly the points that nothing betters, one per place", () => {
    fc.assert(
      fc.property(
        fc.array(point, { maxLength: 40 }),
        fc.constantFrom("maximize" as const, "minimize" as const),
        (points, direction) => {
          const sign = direction === "maximize" ? 1 : -1;
          const betters = (a: (typeof points)[number], b: (typeof points)[number]): boolean =>
            a.cost <= b.cost &&
            sign * a.value >= sign * b.value &&
            (a.cost < b.cost || sign * a.value > sign * b.value);
          const best = points.filter((a) => !points.some((b) => betters(b, a)));
          const places = new Set(best.map(({ cost, value }) => `${cost}/${value}`));
          const front = frontOf(points, direction);
          expect(new Set(front.map(({ cost, value }) => `${cost}/${value}`))).toEqual(places);
          expect(front).toHaveLength(places.size);
          expect(front.map(({ cost }) => cost)).toEqual(front.map(({ cost }) => cost).toSorted((a, b) => a - b));
        },
      ),
    );
  });
});

describe("operationShares", () => {
  it("counts every trial once and sums to one", () => {
    const trials = Array.from({ length: 23 }, (_, i) => [i < 10 ? "a" : "b", "c"]);
    const rows = operationShares(trials, ["a", "b", "c"], 4);
    expect(rows.at(-1)?.end).toBe(23);
    for (const { shares } of rows) expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(rows[0]?.shares).toEqual([0.5, 0, 0.5]);
    expect(rows.at(-1)?.shares).toEqual([0, 0.5, 0.5]);
    expect(operationShares([], ["a"])).toEqual([]);
  });
});

describe("the pictures", () => {
  const points = Array.from({ length: 30 }, (_, i) => ({
    trial: i,
    state: "complete" as const,
    value: 0.4 + 0.01 * i,
  }));
  const costs = points.map(({ trial, value }) => ({ trial, value, cost: 1000 * (40 - trial) }));
  const pictures: [string, () => Uint8Array][] = [
    ["best so far", () => bestSoFarPng(points, options)],
    ["best so far of nothing", () => bestSoFarPng([], options)],
    ["best so far of failures", () => bestSoFarPng([{ trial: 0, state: "failed" }], options)],
    ["Pareto front", () => paretoPng(costs, { ...options, cost: "parameters" })],
    ["Pareto front of nothing", () => paretoPng([], { ...options, cost: "parameters" })],
    [
      "operations",
      () =>
        operationsPng(
          points.map(() => ["sep3", "max5"]),
          ["sep3", "max5"],
          options,
        ),
    ],
    ["operations of one trial", () => operationsPng([["sep3"]], ["sep3"], options)],
  ];
  it.each(pictures)("%s: a PNG on a light ground with a title", async (_, draw) => {
    const png = draw();
    const image = await pixelsOf(png);
    expect([image.width, image.height]).toEqual([chartSize.width, chartSize.height]);
    expect(Array.from(image.data.subarray(0, 4))).toEqual([0xfc, 0xfc, 0xfa, 255]);
    // The title's letters cover some of their band; without a font there would be nothing.
    expect(darkShare(image, 300, 10, 760, 46)).toBeGreaterThan(0.005);
    expect(draw()).toEqual(png);
  });

  it("show failed trials at the foot, where none is taken for the best", async () => {
    // Values fall: the best of a minimised measure is the lowest dot. Failed ones come last.
    const falling = Array.from({ length: 20 }, (_, i) => ({ trial: i, state: "complete" as const, value: 3 - i / 10 }));
    const failed = Array.from({ length: 20 }, (_, i) => ({ trial: 20 + i, state: "failed" as const }));
    const image = await pixelsOf(
      bestSoFarPng([...falling, ...failed], { ...options, measure: "loss", direction: "minimize" }),
    );
    // In the right half of the chart only crosses (and the line, which is not as dark) are drawn in ink.
    const rows = Array.from({ length: 480 }, (_, i) => 120 + i).filter((y) => inkShare(image, 760, y, 500) > 0.02);
    expect(Math.min(...rows)).toBeGreaterThan(560);
    const lonely = await pixelsOf(bestSoFarPng(failed, options));
    expect(inkShare(lonely, 200, 632, 1000)).toBeGreaterThan(0);
  });

  it("cut no label at the edge", async () => {
    const names = ["own_depthwise_separable_5x5_with_a_name_without_end", "sep3"];
    const image = await pixelsOf(
      operationsPng(
        points.map(() => names),
        names,
        options,
      ),
    );
    expect(darkShare(image, chartSize.width - 12, 60, 12, 640)).toBe(0);
    // The label is there, in the room that was made for it.
    expect(darkShare(image, chartSize.width - 280, 60, 260, 640)).toBeGreaterThan(0.001);
  });

  it("cut no dot at the edge, nor its number at the axis", async () => {
    const at = (x: number) =>
      paretoPng(
        [
          { trial: 123, cost: x, value: 1 },
          { trial: 4, cost: 2000, value: 2 },
        ],
        { ...options, cost: "parameters" },
      );
    const image = await pixelsOf(at(1000));
    // The first front point lies on the axis: its number stands right of it, not over the axis' own.
    expect(darkShare(image, 138, 600, 60, 40)).toBeGreaterThan(0.02);
  });

  it("are set in the bundled font, so that they look alike everywhere", () => {
    expect(fontFamily()).toBe("Cellwright B612");
  });
});

describe("how an architecture should grow", () => {
  const point = (macs: number, value: number, isOnTarget = true) => ({ macs, value, error: 0.02, isOnTarget });
  const chart = (isOnTarget: boolean) =>
    scalingPng(
      point(10e6, 0.5),
      [
        { method: "compound", label: "compound (1.2, 1.1, 1.1)", points: [point(40e6, 0.7), point(20e6, 0.6)] },
        { method: "depth", label: "depth alone", points: [point(20e6, 0.55, isOnTarget)] },
      ],
      [point(22e6, 0.52)],
      { title: "How it should grow", subtitle: "three of them", measure: "validation accuracy" },
    );

  it("is a picture of the charts' size", async () => {
    const { width, height } = await pixelsOf(chart(true));
    expect([width, height]).toEqual([chartSize.width, chartSize.height]);
  });

  it("draws hollow what is off the level", async () => {
    /** Pixels of the colour of depth, which its line, bar and mark have. */
    const blue = async (png: Uint8Array): Promise<number> => {
      const { data } = await pixelsOf(png);
      let count = 0;
      for (let i = 0; i < data.length; i += 4)
        if (data[i] === 0x00 && data[i + 1] === 0x5f && data[i + 2] === 0x94) count++;
      return count;
    };
    const [full, hollow] = [await blue(chart(true)), await blue(chart(false))];
    expect(hollow).toBeGreaterThan(0);
    expect(full).toBeGreaterThan(hollow);
  });

  it("draws one method without a searched point or a grid", () => {
    const png = scalingPng(undefined, [{ method: "width", label: "width alone", points: [point(1e6, 0.5)] }], [], {
      title: "One",
      measure: "accuracy",
    });
    expect(Buffer.from(png.slice(1, 4)).toString()).toBe("PNG");
  });
});
