/** @file The image that comes in. */
import { shape } from "./checks.ts";
import { noMacs, noWeights, type OpDefinition } from "./definition.ts";

export const input: OpDefinition<"input"> = {
  arity: [0, 0],
  attributes: { shape },
  shape: (attributes) => attributes.shape,
  weights: noWeights,
  macs: noMacs,
};
