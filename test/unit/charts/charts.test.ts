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

  it("are set in the bundled font, so that they look alike everywhere", () => {
    expect(fontFamily()).toBe("Cellwright B612");
  });
});
