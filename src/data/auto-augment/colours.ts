/**
 * @file Operations of AutoAugment that change colours and leave pixels where they are, on pictures of bytes `[height, width, 3]`. Byte for byte
 * what Pillow makes of them; blends are in single precision and cut off, not rounded, as there.
 */
import type { PictureShape } from "./moves.ts";

/** An operation on colours, from one picture to another. `amount` has the meaning that is said at each. */
type Recolour = (from: Uint8Array, to: Uint8Array, shape: PictureShape, amount: number) => void;

/** Writes each byte's value of a table `[256]`. */
function throughTable(from: Uint8Array, to: Uint8Array, valueOf: (byte: number) => number): void {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = valueOf(byte);
  for (let at = 0; at < from.length; at++) to[at] = table[from[at] as number] as number;
}

/** Writes each byte's value of a table of its channel, which `tableOf` makes of the channel's histogram `[256]`. */
function throughHistograms(
  from: Uint8Array,
  to: Uint8Array,
  tableOf: (counts: Uint32Array) => Uint8Array | undefined,
): void {
  for (let channel = 0; channel < 3; channel++) {
    const counts = new Uint32Array(256);
    for (let at = channel; at < from.length; at += 3) counts[from[at] as number]!++;
    const table = tableOf(counts);
    for (let at = channel; at < from.length; at += 3) {
      const byte = from[at] as number;
      to[at] = table === undefined ? byte : (table[byte] as number);
    }
  }
}

export const invert: Recolour = (from, to) => throughTable(from, to, (byte) => 255 - byte);

/** Inverts bytes of `amount` and more. */
export const solarize: Recolour = (from, to, _, amount) =>
  throughTable(from, to, (byte) => (byte < amount ? byte : 255 - byte));

/** Keeps the `amount` highest bits of each byte. */
export const posterize: Recolour = (from, to, _, amount) =>
  throughTable(from, to, (byte) => byte & (0xff << (8 - amount)));

/** Stretches each channel from its least and largest byte to 0 and 255; a channel of one value stays. */
export const autoContrast: Recolour = (from, to) =>
  throughHistograms(from, to, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return undefined;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return new Uint8Array(256).map((_, byte) => Math.min(255, Math.max(0, Math.trunc(byte * scale + offset))));
  });

/** Spreads each channel's bytes so that all are about as frequent; a channel with too few different pixels to do so stays. */
export const equalize: Recolour = (from, to) =>
  throughHistograms(from, to, (counts) => {
    const last = counts.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((from.length / 3 - last) / 255);
    if (step === 0) return undefined;
    let below = step >> 1;
    return new Uint8Array(256).map((_, byte) => {
      const level = Math.min(255, Math.floor(below / step));
      below += counts[byte] as number;
      return level;
    });
  });

/** Between `other` at `amount` 0 and `byte` at 1, and beyond: in single precision, cut off to a byte. */
function blend(other: number, byte: number, amount: number): number {
  const value = Math.fround(other + Math.fround(Math.fround(amount) * (byte - other)));
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
}

/** ITU-R 601-2 luma, in 16-bit fixed point. */
function greyOf(red: number, green: number, blue: number): number {
  return (red * 19_595 + green * 38_470 + blue * 7_471 + 0x80_00) >> 16;
}

/** `amount` 0 is black, 1 the picture. */
export const brightness: Recolour = (from, to, _, amount) => throughTable(from, to, (byte) => blend(0, byte, amount));

/** `amount` 0 is the picture in grey, 1 the picture. */
export const color: Recolour = (from, to, _, amount) => {
  for (let at = 0; at < from.length; at += 3) {
    const [red, green, blue] = [from[at] as number, from[at + 1] as number, from[at + 2] as number];
    const grey = greyOf(red, green, blue);
    to[at] = blend(grey, red, amount);
    to[at + 1] = blend(grey, green, amount);
    to[at + 2] = blend(grey, blue, amount);
  }
};

/** `amount` 0 is the mean grey, 1 the picture. */
export const contrast: Recolour = (from, to, _, amount) => {
  let sum = 0;
  for (let at = 0; at < from.length; at += 3)
    sum += greyOf(from[at] as number, from[at + 1] as number, from[at + 2] as number);
  const mean = Math.floor(sum / (from.length / 3) + 0.5);
  throughTable(from, to, (byte) => blend(mean, byte, amount));
};

/** `amount` 0 is the picture smoothed over 3 x 3 pixels, the middle one five times; 1 is the picture. Pixels of the border stay. */
export const sharpness: Recolour = (from, to, { height, width }, amount) => {
  to.set(from);
  const row = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * row + 3; at < (y + 1) * row - 3; at++) {
      let sum = 4 * (from[at] as number);
      for (let near = at - row; near <= at + row; near += row)
        sum += (from[near - 3] as number) + (from[near] as number) + (from[near + 3] as number);
      // Rounded thirteenths: (sum / 13 + 1/2) without a fraction, which is never a tie.
      to[at] = blend(Math.floor((2 * sum + 13) / 26), from[at] as number, amount);
    }
  }
};
