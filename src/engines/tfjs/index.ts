/**
 * @file The tfjs engine: networks on TensorFlow.js, on whatever backend is installed, CUDA through tfjs-node-gpu among them. Its known faults are
 * worked around in convolution.ts, pooling.ts, activation.ts and taps.ts; tests pin each, so that we notice when one is mended.
 */
import { inferShapes } from "../../network/shapes.ts";
import { sizeOf } from "../../network/ops/definition.ts";
import { weightSpecs } from "../../network/weights.ts";
import type { Engine } from "../engine.ts";
import type { TfjsBackend } from "./backends.ts";
import { keptBeside } from "../optimizer.ts";
import { loadTfjs } from "./load.ts";
import { openSession } from "./session.ts";

/**
 * Opens the engine on `backend`, or on the best of those installed. Throws `engine`, saying what to install, where there is none. Takes about a
 * second the first time.
 */
export async function openTfjsEngine(backend?: TfjsBackend): Promise<Engine> {
  const loaded = await loadTfjs(backend);
  return {
    name: "tfjs",
    target: loaded.target,
    open: (network, options) => openSession(loaded, network, options),
    estimateMemory(network, batchSize, options) {
      const values = [...inferShapes(network).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
      const weights = weightSpecs(network).reduce((sum, spec) => sum + sizeOf(spec.shape), 0);
      // Four bytes each. TensorFlow.js keeps every output for the backward pass, batch norm's normalised values beside it, a gradient, and what is
      // being computed; of every weight its value, gradient, what is kept beside it, and the new ones of a step. And what it needs before all that. Measured on
      // NASNet-A (N=1, F=8 and 16) it takes 80 to 95% of this on tfjs-node and wasm.
      return { bytes: 4 * (4 * batchSize * values + (4 + 2 * keptBeside(options)) * weights) + 128 * 2 ** 20 };
    },
  };
}

export { tfjsBackends, type TfjsBackend } from "./backends.ts";
