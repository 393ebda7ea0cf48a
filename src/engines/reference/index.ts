/**
 * @file The reference engine: plain loops in double precision for every operation, forward and gradient, nothing fused, nothing clever.
 * It is the oracle: finite differences and PyTorch prove it, and every other engine is tested against it. About a thousand times
 * slower than `native`.
 */
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import type { Engine } from "../engine.ts";
import { keptBeside } from "../optimizer.ts";
import { openSession } from "./session.ts";
import { sizeOf } from "./tensor.ts";

/** Returns the reference engine. It needs nothing installed and runs wherever JavaScript does. */
export function openReferenceEngine(): Engine {
  return {
    name: "reference",
    target: "JavaScript, double precision",
    open: async (network, options) => openSession(network, options),
    estimateMemory(network, batchSize, options) {
      const values = [...inferShapes(network).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
      const weights = weightSpecs(network).reduce((sum, spec) => sum + sizeOf(spec.shape), 0);
      // Eight bytes each. Of every node: the output, what its backward pass keeps (batch norm keeps two more), its gradient. Of every
      // weight: value, gradient, what is kept beside it, and a copy on the way in or out.
      return { bytes: 8 * (4 * batchSize * values + (3 + keptBeside(options)) * weights) };
    },
  };
}
