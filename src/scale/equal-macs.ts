/** @file Growing along one line (one axis alone, or phi) until the multiply-accumulates come nearest to a target: what comparisons at equal cost are made of. */
import type { ScaleFactors, SkeletonBase } from "../space/space.ts";
import { MAX_GROWTH } from "./factors.ts";
import type { Axis } from "./rounding.ts";
import { scaleBy, type ScaledSize, type ScaleSubject } from "./scale.ts";

type Size<S extends SkeletonBase> = Omit<ScaledSize<S>, "phi">;

/** What is asked of a line: the factors at each place of it, a place being any number. */
export type GrowthLine = (at: number) => ScaleFactors;

/** Two places this close together round alike, for every rounding there is. */
const CLOSE = 1e-3;

/** Places that are looked at before a line is held to grow no multiply-accumulates. */
const DOUBLINGS = 7;

/** Returns the line of one axis: that one grows, the others stay. */
export function axisLine(axis: Axis): GrowthLine {
  return (at) => ({ depth: 1, width: 1, resolution: 1, [axis]: 2 ** at });
}

/**
 * Returns the size along a line whose multiply-accumulates are nearest to `macs`, by ratio, and the place of it; the line begins at 0 and is followed in doublings,
 * so a line should grow by about 2 a unit. Undefined where nothing along it comes near: the space does not grow that way. Sizes must not shrink
 * along the line. Some twenty networks are counted.
 */
export function nearestMacs<S extends SkeletonBase>(
  subject: ScaleSubject<S>,
  line: GrowthLine,
  macs: number,
): { readonly at: number; readonly size: Size<S> } | undefined {
  const sizeAt = (at: number): { readonly at: number; readonly size: Size<S> } => ({
    at,
    size: scaleBy(subject, line(at)),
  });
  let low = sizeAt(0);
  if (low.size.macs >= macs) return low;
  const start = low.size.macs;
  let high = low;
  for (let doubling = 1; high.size.macs < macs; doubling++) {
    const factors = line(doubling);
    if (doubling > DOUBLINGS || Math.max(factors.depth, factors.width, factors.resolution) > MAX_GROWTH)
      return undefined;
    // Where twice and four times as much change nothing, the axis is not one of this space.
    if (doubling > 2 && high.size.macs === start) return undefined;
    [low, high] = [high, sizeAt(doubling)];
  }
  while (high.at - low.at > CLOSE) {
    const middle = sizeAt((low.at + high.at) / 2);
    if (middle.size.macs < macs) low = middle;
    else high = middle;
  }
  return high.size.macs / macs <= macs / low.size.macs ? high : low;
}
