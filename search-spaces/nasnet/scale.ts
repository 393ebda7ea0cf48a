/** @file How the NASNet family grows: deeper stacks, wider cells, larger images, rounded to what the wiring allows. */
import type { ScaleFactors } from "cellwright/space";
import type { NasnetSkeleton } from "./network.ts";

/** Returns what the filters must be a multiple of: 4 with the ImageNet stem (its cells have a quarter and a half), else 2 (factorized reduction halves them). */
export function filterDivisor(stem: NasnetSkeleton["stem"]): number {
  return stem === "imagenet" ? 4 : 2;
}

function roundTo(value: number, divisor: number): number {
  return Math.max(divisor, Math.round(value / divisor) * divisor);
}

/**
 * Returns the skeleton grown by depth d (cells per stack), width w (filters) and resolution r (input size): cells rounded to a whole number of 1 or
 * more, filters to a multiple of `filterDivisor`, height and width to whole pixels. Factors of 1 change nothing.
 */
export function scaleNasnet<S extends Pick<NasnetSkeleton, "cellsPerStack" | "filters" | "input" | "stem">>(
  skeleton: S,
  { depth, width, resolution }: ScaleFactors,
): S {
  const [height, wide, channels] = skeleton.input;
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * resolution));
  return {
    ...skeleton,
    cellsPerStack: Math.max(1, Math.round(skeleton.cellsPerStack * depth)),
    filters: width === 1 ? skeleton.filters : roundTo(skeleton.filters * width, filterDivisor(skeleton.stem)),
    input: [side(height), side(wide), channels],
  };
}
