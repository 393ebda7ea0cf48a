/** @file A batch cut into parts that fit the memory: each a view of it, their gradients averaged by the engine, so that the recipe's batch is kept. */
import type { Batch } from "../engines/engine.ts";

/** Returns the sizes of as few parts as keep to `largest`, as equal as can be, the larger first. */
export function partSizes(batch: number, largest: number): readonly number[] {
  const count = Math.ceil(batch / largest);
  const least = Math.floor(batch / count);
  return Array.from({ length: count }, (_, i) => least + (i < batch % count ? 1 : 0));
}

/** Returns the parts of a batch, in order, without copying. */
export function partsOf(batch: Batch, largest: number): readonly Batch[] {
  if (batch.size <= largest) return [batch];
  const { size, images, labels, targets } = batch;
  const perImage = images.length / size;
  const classes = targets === undefined ? 0 : targets.length / size;
  let start = 0;
  return partSizes(size, largest).map((part) => {
    const from = start;
    start += part;
    return {
      size: part,
      images: images.subarray(from * perImage, start * perImage),
      labels: labels.subarray(from, start),
      ...(targets !== undefined && { targets: targets.subarray(from * classes, start * classes) }),
    };
  });
}
