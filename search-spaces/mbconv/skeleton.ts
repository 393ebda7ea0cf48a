/** @file What is given, not searched, in every space of mobile inverted bottlenecks: image, classes, multipliers, stem; its checks, and how it grows. */
import { CellwrightError, expected } from "cellwright/base";
import type { ScaleFactors } from "cellwright/space";
import { IMAGENET_STEM_FROM } from "../nasnet/scale.ts";
import type { PaddingStyle } from "./block.ts";
import { grownInput } from "../grown-input.ts";

export interface MbconvSkeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  /** Multiplier of all filters, rounded to multiples of 8. */
  readonly width: number;
  /** Multiplier of every stage's layers, rounded up. */
  readonly depth: number;
  /** `imagenet`: strides as published, 1/32 of the size in all. `cifar`: none in the stem nor in the first stage that has one, 1/8 in all. */
  readonly stem: "cifar" | "imagenet";
  /** Dropout rate before the classifier. */
  readonly dropout: number;
  /** Whether residual blocks are dropped in training, later ones more often; the rate is the recipe's. */
  readonly dropPath: boolean;
  /** Where `same` and torch's padding differ, which one. */
  readonly padding: PaddingStyle;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

/** CIFAR at a size for searching. A momentum of 0.9 instead of the papers' 0.99 and more: proxies train for few steps. */
export const cifarSkeleton = {
  input: [32, 32, 3],
  classes: 10,
  width: 1,
  depth: 1,
  stem: "cifar" as "cifar" | "imagenet",
  dropout: 0,
  dropPath: true,
  padding: "same" as PaddingStyle,
  batchNorm: { epsilon: 1e-3, momentum: 0.9 },
} satisfies MbconvSkeleton;

/** ImageNet as the papers have it. */
export const imagenetSkeleton = {
  input: [224, 224, 3],
  classes: 1000,
  stem: "imagenet",
  dropout: 0.2,
  dropPath: false,
  batchNorm: { epsilon: 1e-3, momentum: 0.99 },
} satisfies Partial<MbconvSkeleton>;

/** Beyond it there is no network to train: some 6,000 blocks, or filters by the hundred thousand. */
const MAX_MULTIPLIER = 256;

/** Throws `space`, all problems at once, unless the skeleton makes sense. */
export function checkSkeleton({ classes, width, depth, stem, dropout, padding }: MbconvSkeleton): void {
  const problems: string[] = [];
  const check = (key: string, value: unknown, what: string, isRight: boolean): void => {
    if (!isRight) problems.push(expected(`skeleton.${key}`, what, value));
  };
  check("classes", classes, "a whole number of 1 or more", Number.isSafeInteger(classes) && classes >= 1);
  const multiplier = `a number greater than 0 and at most ${MAX_MULTIPLIER}`;
  check("width", width, multiplier, width > 0 && width <= MAX_MULTIPLIER);
  check("depth", depth, multiplier, depth > 0 && depth <= MAX_MULTIPLIER);
  check("stem", stem, '"cifar" or "imagenet"', stem === "cifar" || stem === "imagenet");
  check("dropout", dropout, "a rate from 0 to less than 1", dropout >= 0 && dropout < 1);
  check("padding", padding, '"same" or "symmetric"', padding === "same" || padding === "symmetric");
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

/** The published resolutions are multiples of it. */
const SIDE_DIVISOR = 4;

/**
 * Returns the skeleton grown: multipliers by depth and width, which `decode` rounds; height and width, where they grow, to a multiple of 4. For images of 96
 * pixels and more, before growing, a CIFAR stem becomes an ImageNet stem.
 */
export function scaleMbconv<S extends Pick<MbconvSkeleton, "input" | "width" | "depth" | "stem">>(
  skeleton: S,
  { depth, width, resolution }: ScaleFactors,
): S {
  const [height, wide] = skeleton.input;
  return {
    ...skeleton,
    input: grownInput(skeleton.input, resolution, SIDE_DIVISOR),
    width: skeleton.width * width,
    depth: skeleton.depth * depth,
    stem: Math.min(height, wide) >= IMAGENET_STEM_FROM ? "imagenet" : skeleton.stem,
  };
}
