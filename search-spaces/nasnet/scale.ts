/** @file How the NASNet family grows: deeper stacks, wider cells, larger images, rounded to what the wiring allows. */
import type { ScaleFactors } from "cellwright/space";
import { grownInput } from "../grown-input.ts";
import type { NasnetSkeleton } from "./network.ts";

/** From images of this many pixels a side on, scaling uses the ImageNet stem, an eighth of the size before the first cell: the paper's 32 pixels have none, its 224 do. */
export const IMAGENET_STEM_FROM = 96;

/** Returns what the filters must be a multiple of: 4 with the ImageNet stem (its cells have a quarter and a half), else 2 (factorized reduction halves them). */
function filterDivisor(stem: NasnetSkeleton["stem"]): number {
  return stem === "imagenet" ? 4 : 2;
}

function roundTo(value: number, divisor: number): number {
  return Math.max(divisor, Math.round(value / divisor) * divisor);
}

/** The keys that scaling reads. */
type Scaled = Pick<NasnetSkeleton, "cellsPerStack" | "filters" | "input" | "stacks" | "stem" | "stemMultiplier">;

/**
 * Returns the skeleton grown by depth d (cells per stack), width w (filters) and resolution r (input size). Cells are rounded to the nearest whole
 * number of 1 or more; filters to a multiple of 2, or of 4 with the ImageNet stem; height and width, where they grow, to a multiple of
 * all strides together, so that every reduction halves them. For images of 96 pixels and more (before growing, so that sizes only grow with phi) a CIFAR
 * stem becomes an ImageNet stem.
 */
export function scaleNasnet<S extends Scaled>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  const [height, wide] = skeleton.input;
  const becomesImagenet = skeleton.stem === "cifar" && Math.min(height, wide) >= IMAGENET_STEM_FROM;
  const stem = becomesImagenet ? "imagenet" : skeleton.stem;
  const stride = 2 ** (skeleton.stacks - 1) * (stem === "imagenet" ? 8 : 1);
  return {
    ...skeleton,
    stem,
    stemMultiplier: becomesImagenet ? 1 : skeleton.stemMultiplier,
    cellsPerStack: roundTo(skeleton.cellsPerStack * depth, 1),
    filters:
      width === 1 && !becomesImagenet ? skeleton.filters : roundTo(skeleton.filters * width, filterDivisor(stem)),
    input: grownInput(skeleton.input, resolution, stride),
  };
}
