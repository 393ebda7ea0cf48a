/** @file The pictures of a training: what they compute, and that what matters is painted where it belongs. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { describe, expect, it } from "vitest";
import {
  bestEpoch,
  classAccuracyPng,
  classBars,
  confusionPng,
  mistakesOf,
  trainingCurvesPng,
  type CurvePoint,
} from "../../../src/charts/index.ts";

type Colour = readonly [number, number, number];
const TRAIN: Colour = [179, 71, 0];
const EVALUATED: Colour = [0, 95, 148];
const RIGHT: Colour = [0, 70, 115];

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** How many pixels of a region (shares of the picture) are of a colour, within 12 of 255 a channel: what an edge's smoothing leaves. */
  count(colour: Colour, region?: readonly [number, number, number, number]): number;
}

async function pixelsOf(png: Uint8Array): Promise<Pixels> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { width, height } = image;
  const { data } = context.getImageData(0, 0, width, height);
  return {
    width,
    height,
    count([red, green, blue], [left, top, right, bottom] = [0, 0, 1, 1]) {
      const isNear = (at: number, value: number) => Math.abs((data[at] as number) - value) <= 12;
      let found = 0;
      for (let y = Math.floor(top * height); y < bottom * height; y++)
        for (let x = Math.floor(left * width); x < right * width; x++) {
          const at = (y * width + x) * 4;
          if (isNear(at, red) && isNear(at + 1, green) && isNear(at + 2, blue)) found++;
        }
      return found;
    },
  };
}

const history: CurvePoint[] = Array.from({ length: 20 }, (_, k) => ({
  epoch: k + 1,
  trainLoss: 2 / (k + 1),
  trainAccuracy: 0.5 + k / 60,
  loss: 2.2 / (k + 1) + 0.2,
  accuracy: k === 14 ? 0.8 : 0.4 + k / 60,
  learningRate: 0.1 * (1 - k / 20),
}));

describe("trainingCurvesPng", () => {
  it("paints training and evaluation in both panels, and the rate only where there is one", async () => {
    const upper = [0.1, 0.1, 1, 0.36] as const;
    const middle = [0.1, 0.4, 1, 0.7] as const;
    const all = await pixelsOf(trainingCurvesPng(history, { title: "Curves" }));
    for (const region of [upper, middle])
      for (const colour of [TRAIN, EVALUATED]) expect(all.count(colour, region)).toBeGreaterThan(500);
    const without = history.map(({ epoch, loss, accuracy }) => ({ epoch, loss, accuracy }) as CurvePoint);
    const evaluated = await pixelsOf(trainingCurvesPng(without, { title: "Curves" }));
    expect(evaluated.height).toBeLessThan(all.height);
    expect(evaluated.count(TRAIN)).toBe(0);
    expect(evaluated.count(EVALUATED)).toBeGreaterThan(1_000);
  });

  it.each([
    ["none", []],
    ["one", history.slice(0, 1)],
    ["some without figures", [{ epoch: 1, loss: NaN, accuracy: Infinity }, { epoch: 2 }]],
    ["losses of many magnitudes", history.map((point) => ({ ...point, trainLoss: 10 ** -point.epoch }))],
  ] as const)("draws epochs: %s", async (_, points) => {
    expect((await pixelsOf(trainingCurvesPng(points, { title: "Curves" }))).width).toBe(1360);
  });

  it("rings the first best epoch", () => {
    expect(bestEpoch(history)?.epoch).toBe(15);
    expect(
      bestEpoch([
        { epoch: 1, accuracy: NaN },
        { epoch: 2, accuracy: 0 },
        { epoch: 3, accuracy: 0 },
      ])?.epoch,
    ).toBe(2);
    expect(bestEpoch([])).toBeUndefined();
  });
});

describe("mistakesOf", () => {
  it("orders mistakes by share of their class", () => {
    expect(mistakesOf([8, 2, 0, 0, 0, 0, 1, 2, 1], 3)).toEqual([
      { truth: 2, predicted: 1, count: 2, share: 0.5 },
      { truth: 2, predicted: 0, count: 1, share: 0.25 },
      { truth: 0, predicted: 1, count: 2, share: 0.2 },
    ]);
  });
});

describe("confusionPng", () => {
  const names = (count: number) => Array.from({ length: count }, (_, k) => `class ${k}`);
  const diagonal = (count: number) =>
    Float64Array.from({ length: count * count }, (_, at) => (at % (count + 1) === 0 ? 10 : 0));

  it("paints the diagonal in one colour, mistakes in another, and nothing for a class without images", async () => {
    const right = await pixelsOf(confusionPng(diagonal(10), { title: "Right", classes: names(10) }));
    // Ten cells of 72 pixels squared, less their numbers.
    expect(right.count(RIGHT)).toBeGreaterThan(10 * 72 * 72 * 0.6);
    expect(right.count(TRAIN)).toBe(0);
    const shifted = diagonal(10);
    shifted[0] = 0;
    shifted[1] = 10;
    const wrong = await pixelsOf(confusionPng(shifted, { title: "Wrong", classes: names(10) }));
    expect(wrong.count(TRAIN)).toBeGreaterThan(72 * 72 * 0.6);
    expect(wrong.count(RIGHT)).toBeLessThan(right.count(RIGHT) - 72 * 72 * 0.5);
    const empty = await pixelsOf(confusionPng(new Float64Array(100), { title: "Empty", classes: names(10) }));
    expect(empty.count(RIGHT, [0, 0, 0.6, 1])).toBe(0);
  });

  it("grows with the classes and stays a picture", async () => {
    const hundred = await pixelsOf(confusionPng(diagonal(100), { title: "100", classes: names(100) }));
    expect(hundred.width).toBeGreaterThan(1_500);
    expect(hundred.count(RIGHT)).toBeGreaterThan(100 * 14 * 14 * 0.8);
    const thousand = await pixelsOf(confusionPng(diagonal(1_000), { title: "1000", classes: names(1_000) }));
    expect(thousand.width).toBeLessThan(3_000);
    const two = await pixelsOf(confusionPng(diagonal(2), { title: "2", classes: ["x".repeat(300), "y"] }));
    expect(two.width).toBeLessThan(1_400);
  });
});

describe("classAccuracyPng", () => {
  it("sorts the classes, leaves out those without images, and shows the worst of very many", () => {
    expect(classBars([0.5, undefined, 0.9, 0.5], ["a", "b", "c", "d"])).toEqual({
      bars: [
        { name: "c", accuracy: 0.9 },
        { name: "a", accuracy: 0.5 },
        { name: "d", accuracy: 0.5 },
      ],
      left: 0,
    });
    const many = classBars(
      Array.from({ length: 200 }, (_, k) => k / 200),
      [],
    );
    expect([many.bars.length, many.left, many.bars.at(-1)?.accuracy]).toEqual([120, 80, 0]);
  });

  it("paints bars as long as their accuracy, those below the mean in another colour", async () => {
    const bars = await pixelsOf(classAccuracyPng([1, 0.25], { title: "Bars", classes: ["good", "bad"], mean: 0.625 }));
    const [good, bad] = [bars.count(EVALUATED), bars.count(TRAIN)];
    // A quarter, up to the dashed line that crosses the longer bar.
    expect(bad / good).toBeGreaterThan(0.24);
    expect(bad / good).toBeLessThan(0.27);
    const none = await pixelsOf(classAccuracyPng([], { title: "None", classes: [], mean: 0 }));
    expect(none.count(EVALUATED)).toBe(0);
  });
});
