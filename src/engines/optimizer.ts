/** @file What optimizers keep beside the weights, by name; and numbers of a step that depend on how far training came. */
import type { WeightSpec, Weights } from "../network/network.ts";
import type { MemoryOptions, OptimizerOptions } from "./engine.ts";

/** A number kept for every trainable weight. */
export interface OptimizerSlot {
  readonly name: string;
  /** What it is before the first step. */
  readonly initial: number;
}

const slots = {
  sgd: [{ name: "momentum", initial: 0 }],
  // TensorFlow 1 begins at 1, so that the first steps are not the largest.
  rmsprop: [
    { name: "momentum", initial: 0 },
    { name: "meanSquare", initial: 1 },
  ],
  adamw: [
    { name: "firstMoment", initial: 0 },
    { name: "secondMoment", initial: 0 },
  ],
} as const satisfies Readonly<Record<string, readonly OptimizerSlot[]>>;

/** Returns the slots that an optimizer has, in the order that engines keep them: one or two. */
export function slotsOf(optimizer: OptimizerOptions): readonly OptimizerSlot[] {
  return slots[optimizer.kind ?? "sgd"];
}

/** Returns how many numbers a session keeps of every trainable weight beside its value and gradient: slots, and the average. */
export function keptBeside({ optimizer, averageDecay }: MemoryOptions = {}): number {
  return (optimizer ? slotsOf(optimizer).length : 1) + (averageDecay === undefined ? 0 : 1);
}

/** Returns a slot as it is before the first step, for weights that are trainable. */
export function initialSlot(slot: OptimizerSlot, trainable: readonly WeightSpec[]): Weights {
  return new Map(
    trainable.map(({ name, shape }) => [
      name,
      new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(slot.initial),
    ]),
  );
}

/** Returns the decay of the weights' average at a step: min(decay, (1 + step) / (10 + step)), as TensorFlow's ExponentialMovingAverage warms up. */
export function averageDecayAt(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}
