/**
 * @file Batches for an engine: decoded, cropped, flipped, changed by AutoAugment, cut out and normalised. Two buffers take turns, so the next batch can be
 * made while the engine works on the last (src/training/overlap.ts does so), and no thread is needed (a batch of 64 takes about a millisecond, with AutoAugment three).
 */
import type { Rng } from "../base/rng.ts";
import type { Batch } from "../engines/engine.ts";
import { checkColour } from "./auto-augment/colour-check.ts";
import { applyPolicy } from "./auto-augment/policy.ts";
import type { Dataset, ImageSet } from "./dataset.ts";
import { emptyLabels } from "./image-sets.ts";
import { drawMixing, mixBatch, type Mixing } from "./mixup.ts";

export interface Augmentation {
  /** Pixels of padding on each side before a random crop of the original size; 0 for none. The padding has the mean colour. */
  readonly cropPadding: number;
  /** Mirrors each image left to right with probability 1/2. */
  readonly flip: boolean;
  /** Applies AutoAugment's policy for CIFAR-10 (src/data/auto-augment/policy.ts) to the cropped image in bytes: colour images alone. Default false. */
  readonly autoAugment?: boolean;
  /** Side of a square set to the mean colour, centred anywhere in the image (DeVries and Taylor, 1708.04552); 0 for none. */
  readonly cutout: number;
  /** α of mixup (src/data/mixup.ts): the share of each batch's blend is drawn from Beta(α, α). Default 0: none. */
  readonly mixup?: number;
}

/** No augmentation. */
export const plain: Augmentation = { cropPadding: 0, flip: false, cutout: 0 };

/** Makes batches of one split. */
export interface Batcher {
  /** The largest batch. */
  readonly batchSize: number;
  /**
   * Returns the batch of these images of the split. Valid until the call after the next one. `rng` draws the augmentation; `mixing` blends the
   * augmented images and gives the batch soft targets. Throws `config` where AutoAugment is asked of images without colour.
   */
  fill(indices: Uint32Array, augmentation: Augmentation, rng: Rng, mixing?: Mixing): Batch;
}

/** A random crop: by how many pixels an image is moved, and whether it is mirrored. */
interface Crop {
  readonly dy: number;
  readonly dx: number;
  readonly mirror: boolean;
}

/** What AutoAugment works on: one picture at a time, in bytes. */
interface Workbench {
  readonly picture: Uint8Array;
  readonly spare: Uint8Array;
  /** The mean colour, the nearest bytes to it. */
  readonly fill: Uint8Array;
  /** A picture of the mean colour. */
  readonly blank: Uint8Array;
  /** For each channel, every byte's own value. */
  readonly bytes: Uint8Array;
}

function openWorkbench({ mean }: Pick<Dataset, "mean">, { height, width, channels }: ImageSet): Workbench {
  checkColour({ autoAugment: true }, channels, "autoAugment");
  const fill = Uint8Array.from(mean, (value) => Math.round(255 * value));
  const length = height * width * channels;
  return {
    picture: new Uint8Array(length),
    spare: new Uint8Array(length),
    fill,
    blank: Uint8Array.from({ length }, (_, at) => fill[at % channels] as number),
    bytes: Uint8Array.from({ length: 256 * channels }, (_, at) => at % 256),
  };
}

/** Opens a batcher over a split; `dataset` gives the normalisation. Holds two buffers of `batchSize` images as 32-bit floats. */
export function createBatcher(dataset: Pick<Dataset, "mean" | "std">, set: ImageSet, batchSize: number): Batcher {
  const { height, width, channels } = set;
  const perImage = height * width * channels;
  const tables = new Float32Array(256 * channels);
  for (let c = 0; c < channels; c++) {
    for (let v = 0; v < 256; v++)
      tables[c * 256 + v] = (v / 255 - (dataset.mean[c] as number)) / (dataset.std[c] as number);
  }
  const buffers = [0, 1].map(() => ({
    images: new Float32Array(batchSize * perImage),
    labels: emptyLabels(batchSize, set.classes.length),
    // Made when a batch is mixed for the first time.
    targets: undefined as Float32Array | undefined,
  }));
  let turn = 0;
  let bench: Workbench | undefined;

  /** Copies image `index` by `values` to `out` of `images`, moved by (dy, dx) and perhaps mirrored; what falls outside is left as it is. */
  const copyImage = <T extends Float32Array | Uint8Array>(
    index: number,
    values: T,
    images: T,
    out: number,
    { dy, dx, mirror }: Crop,
  ) => {
    const first = index * perImage;
    const fromX = Math.max(0, dx);
    const toX = Math.min(width, width + dx);
    const stepIn = mirror ? -channels : channels;
    for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
      // Output column x shows input column x - dx of the (mirrored) image.
      const column = mirror ? width - 1 - (fromX - dx) : fromX - dx;
      let source = first + ((y + dy) * width + column) * channels;
      let target = out + (y * width + fromX) * channels;
      for (let x = fromX; x < toX; x++) {
        for (let c = 0; c < channels; c++)
          images[target + c] = values[c * 256 + (set.pixels[source + c] as number)] as number;
        source += stepIn;
        target += channels;
      }
    }
  };

  /** Writes image `index`, cropped, changed by AutoAugment and normalised, to `out`. */
  const copyChanged = (index: number, images: Float32Array, out: number, crop: Crop, rng: Rng) => {
    bench ??= openWorkbench(dataset, set);
    const { picture, spare, blank, bytes, fill } = bench;
    if (crop.dy !== 0 || crop.dx !== 0) picture.set(blank);
    copyImage(index, bytes, picture, 0, crop);
    const changed = applyPolicy(picture, spare, set, fill, rng);
    for (let at = 0; at < perImage; at += channels)
      for (let c = 0; c < channels; c++) images[out + at + c] = tables[c * 256 + (changed[at + c] as number)] as number;
  };

  const cutSquare = (images: Float32Array, out: number, side: number, rng: Rng) => {
    const top = rng.int(height) - (side >> 1);
    const left = rng.int(width) - (side >> 1);
    const from = Math.max(0, left);
    const to = Math.min(width, left + side);
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
      images.fill(0, out + (y * width + from) * channels, out + (y * width + to) * channels);
    }
  };

  return {
    batchSize,
    fill(indices, { cropPadding, flip, autoAugment = false, cutout }, rng, mixing) {
      const buffer = buffers[turn] as (typeof buffers)[number];
      turn = 1 - turn;
      const size = indices.length;
      for (let k = 0; k < size; k++) {
        const index = indices[k] as number;
        const dy = cropPadding > 0 ? rng.int(2 * cropPadding + 1) - cropPadding : 0;
        const dx = cropPadding > 0 ? rng.int(2 * cropPadding + 1) - cropPadding : 0;
        const crop = { dy, dx, mirror: flip && rng.next() < 0.5 };
        const out = k * perImage;
        if (autoAugment) copyChanged(index, buffer.images, out, crop, rng);
        else {
          if (dy !== 0 || dx !== 0) buffer.images.fill(0, out, out + perImage);
          copyImage(index, tables, buffer.images, out, crop);
        }
        if (cutout > 0) cutSquare(buffer.images, out, cutout, rng);
        buffer.labels[k] = set.labels[index] as number;
      }
      const batch = {
        size,
        images: buffer.images.subarray(0, size * perImage),
        labels: buffer.labels.subarray(0, size),
      };
      if (mixing === undefined) return batch;
      buffer.targets ??= new Float32Array(batchSize * set.classes.length);
      return mixBatch(batch, mixing, set.classes.length, buffer.targets);
    },
  };
}

/** How an epoch is cut: full batches of shuffled images, the remainder left for another epoch; a set below one batch is one batch. */
export function epochShape(size: number, batchSize: number): { readonly steps: number; readonly batch: number } {
  const batch = Math.min(size, batchSize);
  return { steps: Math.floor(size / batch), batch };
}

/** Yields an epoch's training batches, the same for the same seed and epoch whatever was drawn before. `rng` is the run's stream for data. */
export function* trainingBatches(
  batcher: Batcher,
  size: number,
  epoch: number,
  augmentation: Augmentation,
  rng: Rng,
): Generator<Batch, void, void> {
  const { steps, batch } = epochShape(size, batcher.batchSize);
  const stream = rng.fork(`epoch/${epoch}`);
  const order = Uint32Array.from(stream.fork("order").shuffle(Array.from({ length: size }, (_, index) => index)));
  const draws = stream.fork("augment");
  const mixes = stream.fork("mixup");
  const { mixup = 0 } = augmentation;
  for (let step = 0; step < steps; step++) {
    const mixing = mixup > 0 ? drawMixing(mixup, batch, mixes) : undefined;
    yield batcher.fill(order.subarray(step * batch, (step + 1) * batch), augmentation, draws, mixing);
  }
}

/** Yields every image of a split once, in order, as it is. */
export function* evaluationBatches(batcher: Batcher, size: number, rng: Rng): Generator<Batch, void, void> {
  const order = Uint32Array.from({ length: size }, (_, index) => index);
  for (let start = 0; start < size; start += batcher.batchSize)
    yield batcher.fill(order.subarray(start, Math.min(size, start + batcher.batchSize)), plain, rng);
}
