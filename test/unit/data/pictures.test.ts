/**
 * @file Decoding and scaling. The fixtures show the same 32 x 16 picture: left half (200, 40, 40), right half (40, 40, 200), and green 160
 * instead of 40 in the upper half.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkPicture } from "../../../src/data/picture-check.ts";
import { decodePicture } from "../../../src/data/pictures.ts";
import { centredPart, resample } from "../../../src/data/resample.ts";
import { createRng } from "../../../src/base/rng.ts";

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../fixtures/pictures/${name}`, import.meta.url)));

const asIs = { height: 16, width: 32, channels: 3, resize: "stretch" } as const;

async function colours(name: string, target: Parameters<typeof decodePicture>[1] = asIs) {
  const decoded = await decodePicture(read(name), target);
  if ("broken" in decoded) throw new Error(decoded.broken);
  const at = (x: number, y: number) =>
    Array.from(decoded.pixels.subarray((y * target.width + x) * target.channels).subarray(0, target.channels));
  const [right, bottom] = [target.width - 2, target.height - 2];
  return [at(1, 1), at(right, 1), at(1, bottom), at(right, bottom)];
}

const PICTURE = [
  [200, 160, 40],
  [40, 160, 200],
  [200, 40, 40],
  [40, 40, 200],
];
/** Expects four corners' colours, within 2 of 255: JPEG at quality 95 rounds that much in flat areas. */
function expectCorners(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]) {
  found.flat().forEach((value, k) => expect(Math.abs(value - (wanted.flat()[k] as number))).toBeLessThanOrEqual(2));
}

describe("decodePicture", () => {
  it.each(["rgb.png", "rgb.jpg", "prog.jpg", "cmyk.jpg"])("reads the colours of %s", async (name) => {
    expectCorners(await colours(name), PICTURE);
  });

  it("turns a picture as its EXIF says", async () => {
    const [topLeft, topRight, bottomLeft, bottomRight] = PICTURE as [number[], number[], number[], number[]];
    // 6: to be turned right by a quarter.
    const turned = [bottomLeft, topLeft, bottomRight, topRight];
    expectCorners(await colours("exif6.jpg", { ...asIs, height: 32, width: 16 }), turned);
  });

  it("makes three channels of grey and one of colour, of 16 bits 8", async () => {
    const luma = PICTURE.map(([r = 0, g = 0, b = 0]) => Math.round(0.299 * r + 0.587 * g + 0.114 * b));
    expectCorners(
      await colours("grey.jpg"),
      luma.map((value) => [value, value, value]),
    );
    expectCorners(
      await colours("rgb.png", { ...asIs, channels: 1 }),
      luma.map((value) => [value]),
    );
    // Pixel (x, y) holds 128 (32 y + x) of 65,535.
    const of16 = [33, 62, 32 * 14 + 1, 32 * 14 + 30].map((at) => Array(3).fill((at * 128) / 257) as number[]);
    expectCorners(await colours("grey16.png"), of16);
  });

  it("lays what is transparent over white", async () => {
    // The upper half is clear, the lower one half there.
    const half = [200, 40, 40].map((value) => (value + 255) / 2);
    expectCorners(await colours("alpha.png"), [[255, 255, 255], [255, 255, 255], half, half.toReversed()]);
  });

  it("crops the centre, or bends the whole", async () => {
    const square = { ...asIs, width: 16 };
    expectCorners(await colours("rgb.png", { ...square, resize: "crop" }), PICTURE);
    const cropped = await decodePicture(read("rgb.png"), { ...square, resize: "crop" });
    const whole = await decodePicture(read("rgb.png"), asIs);
    if ("broken" in cropped || "broken" in whole) throw new Error("broken");
    for (let y = 0; y < 16; y++)
      expect([...cropped.pixels.subarray(y * 48, y * 48 + 48)]).toEqual([
        ...whole.pixels.subarray(y * 96 + 24, y * 96 + 72),
      ]);
    expectCorners(await colours("rgb.png", { ...square, resize: "stretch" }), PICTURE);
  });
});

describe("checkPicture", () => {
  it("knows size and kind as stored", () => {
    expect(checkPicture(read("exif6.jpg"))).toEqual({ kind: "jpeg", width: 32, height: 16 });
    expect(checkPicture(read("grey16.png"))).toEqual({ kind: "png", width: 32, height: 16 });
  });

  it.each(["rgb.jpg", "prog.jpg", "cmyk.jpg", "rgb.png"])("finds every cut of %s", (name) => {
    const bytes = read(name);
    for (let length = 0; length < bytes.length - 1; length++)
      expect(checkPicture(bytes.subarray(0, length)), String(length)).toHaveProperty("broken");
  });

  it("says what is wrong", () => {
    const png = Uint8Array.from(read("rgb.png"));
    png[20] = (png[20] ?? 0) ^ 1;
    expect(checkPicture(png)).toEqual({ broken: "a PNG with a wrong checksum at byte 8" });
    expect(checkPicture(new Uint8Array(0))).toEqual({ broken: "an empty file" });
    expect(checkPicture(Buffer.from("hello"))).toEqual({ broken: "neither a JPEG nor a PNG" });
    const jpeg = Uint8Array.from(read("rgb.jpg"));
    const frame = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.set([0xff, 0xdc, 0xff, 0xdc], frame + 5);
    expect(checkPicture(jpeg)).toEqual({ broken: "65500 x 65500 pixels, over 100 million" });
  });

  it("keeps from the decoder what it would not survive", async () => {
    // Whatever a wrong byte makes of a picture, it is an answer. (The decoder alone ends the process on some of these.)
    const bytes = read("rgb.jpg");
    let broken = 0;
    for (let seed = 0; seed < 100; seed++) {
      const rng = createRng(seed);
      const damaged = Uint8Array.from(bytes);
      for (let k = 0; k < 2; k++) damaged[rng.int(bytes.length)] = rng.int(256);
      if ("broken" in (await decodePicture(damaged, asIs))) broken++;
    }
    expect(broken).toBeGreaterThan(10);
  });
});

describe("resample", () => {
  const rgba = (values: readonly number[]) =>
    Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255]));
  const reds = (pixels: Uint8ClampedArray) => [...pixels].filter((_, k) => k % 3 === 0);

  it("leaves a picture of the same size as it is", () => {
    const values = Array.from({ length: 12 }, (_, k) => k * 20);
    const part = { x: 0, y: 0, width: 4, height: 3 };
    expect(reds(resample(rgba(values), 4, 3, part, 4, 3))).toEqual(values);
  });

  it("weighs by a triangle as wide as a step", () => {
    // Halved: centre 1 reaches from -1 to 3, weights 3, 3, 1 of 7 (the border cuts one off); centre 3 the mirror image.
    const part = { x: 0, y: 0, width: 4, height: 1 };
    expect(reds(resample(rgba([70, 0, 0, 210]), 4, 1, part, 2, 1))).toEqual([30, 90]);
    // Doubled: between neighbours at a quarter and three quarters.
    expect(reds(resample(rgba([0, 100]), 2, 1, { x: 0, y: 0, width: 2, height: 1 }, 4, 1))).toEqual([0, 25, 75, 100]);
  });

  it("takes the largest centred part of the shape", () => {
    expect(centredPart(32, 16, 8, 8)).toEqual({ x: 8, y: 0, width: 16, height: 16 });
    expect(centredPart(10, 30, 20, 10)).toEqual({ x: 0, y: 12.5, width: 10, height: 5 });
  });
});
