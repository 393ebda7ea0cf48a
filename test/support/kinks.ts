/**
 * @file ReLUs and max pools have kinks. Where a value lies within rounding of one, the gradient is one of two, far apart and both right: the other engine's own from weights
 * that are a few last places off. So a test that finds two engines apart asks whether the other engine gives the first one's answer from such weights, or both
 * the same one. A mistake is not mended by them: from weights so near nothing else changes.
 */
import type { Rng } from "../../src/base/rng.ts";

/** Weights by name. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Answers that are tried: enough that one lies across any kink that is this near. */
export const NUDGES = 16;

/** Returns the weights with every one moved by up to a last place, by up to eight of them in later nudges: as much as a dozen layers in single precision round. */
export function nudged(weights: Weights, rng: Rng, nudge: number): Map<string, Float32Array> {
  const most = 2 ** (-23 + (nudge % 4));
  const move = (value: number): number => value * (1 + (2 * rng.next() - 1) * most);
  return new Map([...weights].map(([name, of]) => [name, Float32Array.from(of, move)]));
}
