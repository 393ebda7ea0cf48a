/** @file A cell of two blocks whose figure is known: block 0 reads the input and the previous input, block 1 block 0 and one state more; block 1 is put out. */
import type { CellStructure } from "../../src/draw/index.ts";

interface TwoBlocks {
  /** Left and right of block 0, left and right of block 1. */
  readonly operations: readonly [string, string, string, string];
  /** What the right side of block 1 reads. */
  readonly lastInput: number;
  /** Of block 1; block 0 adds. Default `add`. */
  readonly combiner?: string;
}

export function twoBlockCell({ operations: [a, b, c, d], lastInput, combiner = "add" }: TwoBlocks): CellStructure {
  return {
    name: "normal",
    inputs: 2,
    blocks: [
      {
        steps: [
          { input: 0, operation: a },
          { input: 1, operation: b },
        ],
        combiner: "add",
      },
      {
        steps: [
          { input: 2, operation: c },
          { input: lastInput, operation: d },
        ],
        combiner,
      },
    ],
    outputs: [3],
  };
}
