/** @file The pictures of test/fixtures/auto-augment, drawn as make_pillow.py draws them, and what Pillow makes of each. */
import { readFileSync } from "node:fs";

export interface Picture {
  readonly height: number;
  readonly width: number;
  /** `[height, width, 3]` */
  readonly pixels: Uint8Array;
}

export function picture(
  height: number,
  width: number,
  byteAt: (y: number, x: number, channel: number) => number,
): Picture {
  const pixels = Uint8Array.from({ length: height * width * 3 }, (_, at) =>
    byteAt(Math.floor(at / 3 / width), Math.floor(at / 3) % width, at % 3),
  );
  return { height, width, pixels };
}

function noise(height: number, width: number): Picture {
  let state = 1;
  return picture(height, width, () => {
    state = (state * 75) % 65_537;
    return Math.floor(state / 8) % 256;
  });
}

const oblong = noise(9, 14);

export const pillowPictures = {
  noise: noise(32, 32),
  smooth: picture(32, 32, (y, x, channel) => [60 + 3 * x + y, 200 - 2 * y, 90][channel] as number),
  oblong: { ...oblong, pixels: oblong.pixels.map((byte) => Math.floor(byte / 32) * 20) },
};

const file = new URL("../fixtures/auto-augment/pillow.json", import.meta.url);
const table = JSON.parse(readFileSync(file, "utf8")) as {
  readonly fill: readonly number[];
  readonly results: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
};

/** The colour of what is moved in from outside. */
export const pillowFill = Uint8Array.from(table.fill);
/** The first 12 digits of the SHA-256 of a result's bytes, by picture, operation and magnitude. */
export const pillowResults = table.results;
