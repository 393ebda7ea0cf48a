/** @file The logits that an export is held against. */
import type { Engine } from "../../src/engines/engine.ts";
import type { Network, Weights } from "../../src/network/index.ts";

/** Returns an engine's logits of `size` images `[size, h, w, c]`, row-major `[size, classes]`, in inference mode. */
export async function logitsOf(
  engine: Engine,
  network: Network,
  weights: Weights,
  images: Float32Array,
  size: number,
): Promise<Float32Array> {
  const session = await engine.open(network, {
    batchSize: size,
    seed: 0,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    weights,
    training: false,
  });
  const logits = Float32Array.from(await session.predict(images, size));
  await session.close();
  return logits;
}
