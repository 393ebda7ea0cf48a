/**
 * @file Masks of dropout and drop path, the same bits on every engine. A counter-based generator: each element's draw is a
 * hash of (seed, step, node id, index), so there is no state to carry, no order to keep, and a mask can be made anywhere,
 * in any order, in part, and again in the backward pass.
 *
 * The mixing is MurmurHash3's 32-bit finaliser (Appleby, public domain), two keyed rounds for each element.
 */

/** Two 32-bit words that stand for (seed, step, node id). */
type Key = readonly [number, number];

/** Murmur3's finaliser: a bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

function keyOf(seed: number, step: number, nodeId: string, purpose: number): Key {
  let a = mix(purpose ^ 0x9e3779b9);
  let b = mix(purpose ^ 0x7f4a7c15);
  const absorb = (word: number): void => {
    a = mix(Math.imul(a, 5) + word);
    b = mix((Math.imul(b, 9) ^ word) + 0x6a09e667);
  };
  // Both words of a number up to 2^53, so seeds that differ only above 2^32 differ here too.
  absorb(seed | 0);
  absorb(Math.floor(seed / 4294967296) | 0);
  absorb(step | 0);
  absorb(Math.floor(step / 4294967296) | 0);
  for (let i = 0; i < nodeId.length; i++) absorb(nodeId.charCodeAt(i));
  absorb(nodeId.length);
  return [a, b];
}

/** Returns what seeds the masks of the i-th batch of a step: the step itself for the first, and above any step (they are below 2^32) for others. */
export function partOfStep(step: number, part: number): number {
  return step + part * 4294967296;
}

function bernoulli(key: Key, length: number, keep: number): Float32Array {
  const mask = new Float32Array(length);
  if (keep >= 1) return mask.fill(1);
  const [a, b] = key;
  const scale = 1 / keep;
  // Compared as whole numbers: a draw u in [0, 2^32) is kept if u < keep * 2^32.
  const threshold = keep * 4294967296;
  for (let i = 0; i < length; i++) {
    const draw = mix(mix((Math.imul(i, 0x9e3779b1) + a) | 0) ^ b) >>> 0;
    mask[i] = draw < threshold ? scale : 0;
  }
  return mask;
}

/**
 * Returns drop path's factor for each example: 0 with probability 1 - keep, else 1 / keep (in single precision). Shape `[batch]`.
 * `keep` is 1 - depthFraction * dropPathRate; at 1 and above all factors are 1, at 0 and below all are 0.
 */
export function dropPathMask(seed: number, step: number, nodeId: string, batch: number, keep: number): Float32Array {
  return bernoulli(keyOf(seed, step, nodeId, 1), batch, keep);
}

/**
 * Returns dropout's factor for each element: 0 with probability 1 - keep, else 1 / keep (in single precision). `length` counts the
 * elements of the whole batch, row-major `[n, h, w, c]` or `[n, c]`; `keep` is 1 - rate.
 */
export function dropoutMask(seed: number, step: number, nodeId: string, length: number, keep: number): Float32Array {
  return bernoulli(keyOf(seed, step, nodeId, 2), length, keep);
}
