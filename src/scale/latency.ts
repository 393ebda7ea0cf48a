/** @file The largest size that is fast enough, by measuring few of them: a bracket on phi that measurements close. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network } from "../network/network.ts";
import type { SkeletonBase } from "../space/space.ts";
import { lastStep, networkAt, scaleTo, STEPS_PER_UNIT, type ScaledSize, type ScaleSubject } from "./scale.ts";

/** A size with what was measured of it. */
export interface MeasuredSize<S extends SkeletonBase = SkeletonBase> {
  readonly size: ScaledSize<S>;
  readonly latencyMs: number;
}

export interface LatencySearch<S extends SkeletonBase = SkeletonBase> {
  /** The largest that was measured within the limit; absent where not even phi = 0 was. */
  readonly best?: MeasuredSize<S>;
  /** All that was measured, by phi: each network once. */
  readonly measured: readonly MeasuredSize<S>[];
}

/** No step of the search multiplies the arithmetic by more than about this power of 2: a network far too slow takes long to measure. */
const MAX_LEAP = 2;

/**
 * Looks for the largest phi of 0 or more (in tenths) whose network `measure` finds within `maxMs`. Latency grows about as the multiply-accumulates do, so
 * each step leaps to where the limit is to be expected, and then a bracket is halved: some six to eight measurements. A measurement is taken once and believed:
 * where noise makes a larger network the faster one, the size found was itself measured within the limit, and the next larger one that was measured was not.
 * `upTo` is the largest phi to try (what other bounds allow). Throws `config` unless `maxMs` is above 0.
 */
export async function largestWithinLatency<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  maxMs: number,
  measure: (network: Network) => Promise<number>,
  upTo = Infinity,
): Promise<LatencySearch<S>> {
  if (!(maxMs > 0)) throw new CellwrightError("config", expected("maxLatencyMs", "a number greater than 0", maxMs));
  const known = new Map<string, MeasuredSize<S>>();
  const at = async (step: number): Promise<MeasuredSize<S>> => {
    const size = scaleTo(subject, step / STEPS_PER_UNIT);
    const network = networkAt(subject, size);
    // Steps that round to one network are one measurement.
    const key = JSON.stringify(network.nodes);
    const found = known.get(key);
    const one = { size, latencyMs: found?.latencyMs ?? (await measure(network)) };
    known.set(key, one);
    return one;
  };
  const done = (best?: MeasuredSize<S>): LatencySearch<S> => ({
    ...(best !== undefined && { best }),
    measured: [...known.values()].toSorted((a, b) => a.size.phi - b.size.phi),
  });
  const last = Math.min(lastStep(subject.coefficients), Math.floor(upTo * STEPS_PER_UNIT + 1e-9));
  let [low, best] = [0, await at(0)];
  if (best.latencyMs > maxMs) return done();
  let high = last + 1;
  while (high - low > 1) {
    let next: number;
    if (high > last) {
      // Above everything measured: on by as many doublings of the arithmetic as the limit has left, one more than that at most.
      const leap = Math.min(MAX_LEAP, Math.max(0.1, Math.log2(maxMs / best.latencyMs)));
      next = Math.min(last, low + Math.ceil(leap * STEPS_PER_UNIT));
    } else next = Math.floor((low + high) / 2);
    const one = await at(next);
    if (one.latencyMs <= maxMs) [low, best] = [next, one];
    else high = next;
  }
  return done(best);
}
