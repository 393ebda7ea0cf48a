/** @file Time as a parameter, so that pure code has none and tests need not wait. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A clock that moves only when told. */
export function manualClock(startMs = 0): Clock & { advance(ms: number): void } {
  let time = startMs;
  return {
    now: () => time,
    advance(ms) {
      time += ms;
    },
  };
}
