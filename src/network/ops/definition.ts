/**
 * @file What an operation is to the network floor: how many inputs it has, which attributes, what shape it gives, what weights it
 * holds, what it costs. Adding an operation is one of these in a family file, an entry in `OpAttributes` and one in `table.ts`; the compiler then
 * lists the engines and exporters that lack it.
 */
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Initializer, OpAttributes, OpKind, Shape, WeightRole } from "../network.ts";
import type { Check } from "./checks.ts";

/** A weight of one node, before it is given the node's name. */
export interface WeightShape {
  readonly role: WeightRole;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly trainable: boolean;
}

export interface OpDefinition<K extends OpKind> {
  /** Least and most inputs. */
  readonly arity: readonly [min: number, max: number];
  /** One check for each attribute; no others are allowed. */
  readonly attributes: { readonly [A in keyof OpAttributes[K]]-?: Check };
  /** Returns the output's shape. `place` names the node in the error (`shape`) where the inputs don't fit. */
  shape(attributes: OpAttributes[K], inputs: readonly Shape[], place: string): Shape;
  /** Returns the weights, kernel first. The inputs are known to fit. */
  weights(attributes: OpAttributes[K], inputs: readonly Shape[]): readonly WeightShape[];
  /** Returns the multiply-accumulates of convolution and dense arithmetic for one image; 0 for everything else. */
  macs(attributes: OpAttributes[K], inputs: readonly Shape[], output: Shape): number;
}

/** For operations without weights. */
export const noWeights = (): readonly WeightShape[] => [];

/** For operations that are not counted: everything but convolutions and dense layers. */
export const noMacs = (): number => 0;

/** Throws the house's complaint about a shape. */
export function failShape(place: string, what: string, received: unknown): never {
  throw new CellwrightError("shape", expected(place, what, received), { details: { place } });
}

/** Returns the image shape that is the single input, or throws naming the node. */
export function imageInput(inputs: readonly Shape[], place: string): readonly [number, number, number] {
  const [input] = inputs;
  if (input === undefined || input.length !== 3) failShape(place, "an image [h, w, c] as input", input);
  return input;
}

/** Returns the first input's shape; arity is checked before. */
export function firstInput(inputs: readonly Shape[], place: string): Shape {
  const [input] = inputs;
  if (input === undefined) failShape(place, "an input", inputs);
  return input;
}

/** Returns the last side of a shape. */
export function channelsOf(shape: Shape): number {
  return shape.length === 3 ? shape[2] : shape[0];
}

/** Returns how many numbers a tensor of this shape holds, for one image. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
