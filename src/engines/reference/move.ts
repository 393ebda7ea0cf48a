/** @file What only moves elements, forward and back. */
import type { OpResult } from "./kernel.ts";
import { zeros, type Tensor } from "./tensor.ts";

/** Calls `visit` with offsets in an input and in the output for every element that is moved; `which` input, the first by default. */
export type Moves = (visit: (from: number, to: number, which?: number) => void) => void;

/** Returns an output of `shape` with the elements where `moves` puts them and zeros elsewhere. Elements that aren't moved are lost. */
export function moved(inputs: readonly Tensor[], shape: readonly number[], moves: Moves): OpResult {
  const output = zeros(shape);
  moves((from, to, which = 0) => {
    output.data[to] = (inputs[which] as Tensor).data[from] as number;
  });
  return {
    output,
    backward(gradient) {
      const gradients = inputs.map((input) => new Float64Array(input.data.length));
      moves((from, to, which = 0) => {
        (gradients[which] as Float64Array)[from] = gradient[to] as number;
      });
      return { inputs: gradients };
    },
  };
}
