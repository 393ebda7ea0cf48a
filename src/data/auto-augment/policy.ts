/**
 * @file AutoAugment's policy for CIFAR-10 (Cubuk, Zoph, Mané, Vasudevan, Le, "AutoAugment: Learning Augmentation Strategies from Data", arXiv 1805.09501,
 * appendix, table 7): 25 pairs of operations, of which each image draws one, each operation with a probability and a magnitude from 0 to 9.
 *
 * Magnitudes are ten evenly spaced values of the paper's ranges (table 6), counted from where an operation does least; where a range goes both ways,
 * a sign is drawn. So torchvision reads them. The paper's own code has other steps: tenths of the range, translations of at most 9 pixels, no
 * sign for brightness and its like. What is moved in from outside has the mean colour, as there.
 */
import type { Rng } from "../../base/rng.ts";
import {
  autoContrast,
  brightness,
  color,
  contrast,
  equalize,
  invert,
  posterize,
  sharpness,
  solarize,
} from "./colours.ts";
import { rotate, shearX, shearY, translateX, translateY, type PictureShape } from "./moves.ts";

/** What an operation does, and how far: `strength` is -1 to 1, or 0 to 1 where a sign has no meaning. */
interface Operation {
  readonly run: (from: Uint8Array, to: Uint8Array, shape: PictureShape, amount: number, fill: Uint8Array) => void;
  readonly amount: (strength: number, shape: PictureShape) => number;
}

const sheared = (strength: number): number => 0.3 * strength;
/** The paper's 150 pixels are of ImageNet's 331. */
const moved = (strength: number, side: number): number => Math.trunc((150 / 331) * side * strength);
const enhanced = (strength: number): number => 1 + 0.9 * strength;
const size = Math.abs;
const nothing = (): number => 0;

/** The operations of the paper that CIFAR-10's policy could choose from, by its names for them. */
export const operations = {
  ShearX: { run: shearX, amount: sheared },
  ShearY: { run: shearY, amount: sheared },
  TranslateX: { run: translateX, amount: (strength, { width }) => moved(strength, width) },
  TranslateY: { run: translateY, amount: (strength, { height }) => moved(strength, height) },
  Rotate: { run: rotate, amount: (strength) => 30 * strength },
  AutoContrast: { run: autoContrast, amount: nothing },
  Invert: { run: invert, amount: nothing },
  Equalize: { run: equalize, amount: nothing },
  Solarize: { run: solarize, amount: (strength) => 256 * (1 - size(strength)) },
  Posterize: { run: posterize, amount: (strength) => 8 - Math.round(4 * size(strength)) },
  Contrast: { run: contrast, amount: enhanced },
  Color: { run: color, amount: enhanced },
  Brightness: { run: brightness, amount: enhanced },
  Sharpness: { run: sharpness, amount: enhanced },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;

type SubPolicy = readonly [
  first: OperationName,
  probability: number,
  magnitude: number,
  second: OperationName,
  probability: number,
  magnitude: number,
];

/** The sub-policies in the paper's order. AutoContrast, Invert and Equalize make nothing of their magnitudes. */
export const cifarPolicy: readonly SubPolicy[] = [
  ["Invert", 0.1, 7, "Contrast", 0.2, 6],
  ["Rotate", 0.7, 2, "TranslateX", 0.3, 9],
  ["Sharpness", 0.8, 1, "Sharpness", 0.9, 3],
  ["ShearY", 0.5, 8, "TranslateY", 0.7, 9],
  ["AutoContrast", 0.5, 8, "Equalize", 0.9, 2],
  ["ShearY", 0.2, 7, "Posterize", 0.3, 7],
  ["Color", 0.4, 3, "Brightness", 0.6, 7],
  ["Sharpness", 0.3, 9, "Brightness", 0.7, 9],
  ["Equalize", 0.6, 5, "Equalize", 0.5, 1],
  ["Contrast", 0.6, 7, "Sharpness", 0.6, 5],
  ["Color", 0.7, 7, "TranslateX", 0.5, 8],
  ["Equalize", 0.3, 7, "AutoContrast", 0.4, 8],
  ["TranslateY", 0.4, 3, "Sharpness", 0.2, 6],
  ["Brightness", 0.9, 6, "Color", 0.2, 8],
  ["Solarize", 0.5, 2, "Invert", 0, 3],
  ["Equalize", 0.2, 0, "AutoContrast", 0.6, 0],
  ["Equalize", 0.2, 8, "Equalize", 0.6, 4],
  ["Color", 0.9, 9, "Equalize", 0.6, 6],
  ["AutoContrast", 0.8, 4, "Solarize", 0.2, 8],
  ["Brightness", 0.1, 3, "Color", 0.7, 0],
  ["Solarize", 0.4, 5, "AutoContrast", 0.9, 3],
  ["TranslateY", 0.9, 9, "TranslateY", 0.7, 9],
  ["AutoContrast", 0.9, 2, "Solarize", 0.8, 3],
  ["Equalize", 0.8, 8, "Invert", 0.1, 3],
  ["TranslateY", 0.7, 9, "AutoContrast", 0.9, 1],
];

/** Writes to `to` what an operation makes of `from` at a magnitude of 0 to 9, negative for its other direction. */
export function applyOperation(
  name: OperationName,
  magnitude: number,
  from: Uint8Array,
  to: Uint8Array,
  shape: PictureShape,
  fill: Uint8Array,
): void {
  const { run, amount }: Operation = operations[name];
  run(from, to, shape, amount(magnitude / 9, shape), fill);
}

/**
 * Draws a sub-policy for a picture `[height, width, 3]` and applies it, going to and fro between the picture and `spare`, of the same size. Returns
 * the one that holds the result. Draws five numbers, whatever it does with them.
 */
export function applyPolicy(
  picture: Uint8Array,
  spare: Uint8Array,
  shape: PictureShape,
  fill: Uint8Array,
  rng: Rng,
): Uint8Array {
  const [first, firstProbability, firstMagnitude, second, secondProbability, secondMagnitude] = rng.pick(cifarPolicy);
  let [from, to] = [picture, spare];
  for (const [name, probability, magnitude] of [
    [first, firstProbability, firstMagnitude],
    [second, secondProbability, secondMagnitude],
  ] as const) {
    const isApplied = rng.next() < probability;
    const sign = rng.next() < 0.5 ? -1 : 1;
    if (!isApplied) continue;
    applyOperation(name, sign * magnitude, from, to, shape, fill);
    [from, to] = [to, from];
  }
  return from;
}
