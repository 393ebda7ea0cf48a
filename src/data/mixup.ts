/**
 * @file Mixup (Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", arXiv 1710.09412, section 2): images of a
 * batch are blended with other images of it, and so are their targets. As in the paper's code, one share is drawn for a whole batch.
 */
import type { Rng } from "../base/rng.ts";
import type { Batch } from "../engines/engine.ts";

/** How a batch is blended. */
export interface Mixing {
  /** λ in the paper: an image's own share, 0 to 1. */
  readonly share: number;
  /** A permutation of the batch: image `k` is blended with image `partners[k]`, which may be itself. */
  readonly partners: Uint32Array;
}

/** Returns the logarithm of a draw from Gamma(shape + 1) (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000). */
function logGammaPlusOne(shape: number, rng: Rng): number {
  const d = shape + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = rng.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - rng.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/**
 * Returns a draw from Beta(a, a), a > 0: X / (X + Y) of two Gamma(a) draws, each Gamma(a + 1) * U^(1 / a). In logarithms, because for a
 * small `a` both draws are below what a double can hold.
 */
export function drawBeta(a: number, rng: Rng): number {
  const logGamma = () => logGammaPlusOne(a, rng) + Math.log(1 - rng.next()) / a;
  const x = logGamma();
  return 1 / (1 + Math.exp(logGamma() - x));
}

/** Draws a share from Beta(alpha, alpha) and a permutation of `size` images. */
export function drawMixing(alpha: number, size: number, rng: Rng): Mixing {
  const share = drawBeta(alpha, rng);
  return { share, partners: Uint32Array.from(rng.shuffle(Array.from({ length: size }, (_, index) => index))) };
}

/** Replaces each row of `rows` (`[n, width]`) by `share` of itself and the rest of its partner's. One row is held beside them. */
function blendRows(rows: Float32Array, width: number, { share, partners }: Mixing): void {
  const rest = 1 - share;
  const isDone = new Uint8Array(partners.length);
  for (let start = 0; start < partners.length; start++) {
    if (isDone[start] === 1 || partners[start] === start) continue;
    // Along a cycle of the permutation each row is read by the one before it ahead of being replaced; the first is wanted again at the end.
    const first = rows.slice(start * width, (start + 1) * width);
    for (let row = start; isDone[row] === 0; row = partners[row] as number) {
      isDone[row] = 1;
      const partner = partners[row] as number;
      const [other, from] = partner === start ? [first, 0] : [rows, partner * width];
      for (let i = 0; i < width; i++)
        rows[row * width + i] = share * (rows[row * width + i] as number) + rest * (other[from + i] as number);
    }
  }
}

/**
 * Blends a batch in place and returns it with `targets`, which are written to `targets` (`[n, classes]`, from its begin). Labels become those of
 * the larger share, so that counting right answers by them makes sense.
 */
export function mixBatch(batch: Batch, mixing: Mixing, classes: number, targets: Float32Array): Batch {
  const { size, images, labels } = batch;
  const own = labels.slice();
  const soft = targets.subarray(0, size * classes).fill(0);
  blendRows(images, images.length / size, mixing);
  for (let k = 0; k < size; k++) {
    const [mine, theirs] = [own[k] as number, own[mixing.partners[k] as number] as number];
    if (mixing.share < 0.5) labels[k] = theirs;
    if (mine === theirs) soft[k * classes + mine] = 1;
    else {
      soft[k * classes + mine] = mixing.share;
      soft[k * classes + theirs] = 1 - mixing.share;
    }
  }
  return { ...batch, targets: soft };
}
