/** @file Tells how far a long loop is, a few times a second, and lets the event loop run in between, so that messages and aborts arrive. */
import { setImmediate as turn } from "node:timers/promises";

export interface Pulse {
  /** Counts work done. Often enough, tells it and yields. */
  beat(work: number): Promise<void>;
  /** Counts work that was done earlier. */
  skip(work: number): void;
}

const YIELD_MS = 50;
const TELL_MS = 250;

/** `total` is all the work there will be, in any unit. */
export function createPulse(
  total: number,
  tell: ((progress: { readonly imagesTrained: number; readonly fraction: number }) => void) | undefined,
  imagesTrained: () => number,
): Pulse {
  let done = 0;
  let yielded = performance.now();
  let told = yielded;
  return {
    async beat(work) {
      done += work;
      const now = performance.now();
      if (now - told >= TELL_MS) {
        told = now;
        tell?.({ imagesTrained: imagesTrained(), fraction: Math.min(1, done / total) });
      }
      if (now - yielded >= YIELD_MS) {
        await turn();
        yielded = performance.now();
      }
    },
    skip(work) {
      done += work;
    },
  };
}
