/**
 * @file The factorized hierarchical space of MnasNet (Tan et al. 2019, arXiv 1807.11626, section 4.1): five searched blocks of layers between a depthwise separable
 * first and an inverted bottleneck last. Each picks its convolution, kernel, squeeze-and-excitation, shortcut, filters and layers: 432 choices, 432^5 networks.
 *
 * Filters and layers are relative to MobileNetV2's. The paper's filters are 0.75, 1 and 1.25 times those; the architectures it published have sizes that
 * rounding doesn't give (112, 192), so the three sizes of each block are written out.
 */
import { choice, defineSpace } from "cellwright/space";
import { mbconvNetwork } from "./mbconv/network.ts";
import { roundedStages, roundFilters } from "./mbconv/rounding.ts";
import { cifarSkeleton, scaleMbconv, type MbconvSkeleton } from "./mbconv/skeleton.ts";
import { stagesOf, type StageSpec } from "./mbconv/stage.ts";

/** A plain convolution, a depthwise separable one, inverted bottlenecks by their expansion. */
export const mnasnetOperations = ["conv", "dconv", "mbconv3", "mbconv6"] as const;

const EXPANSIONS: Readonly<Record<(typeof mnasnetOperations)[number], number | "conv">> = {
  conv: "conv",
  dconv: 1,
  mbconv3: 3,
  mbconv6: 6,
};

const block = {
  operation: choice(mnasnetOperations, { role: "operation" }),
  kernel: choice([3, 5], { role: "operation" }),
  /** Of the channels before expansion. */
  squeeze: choice([0, 0.25]),
  skip: choice(["none", "identity", "pool"]),
  filters: choice(["narrow", "normal", "wide"]),
  /** More than MobileNetV2 has. */
  layers: choice([-1, 0, 1]),
};

/** Layers and stride of MobileNetV2's stages that are searched. */
const BASE = [
  { layers: 2, stride: 2 },
  { layers: 3, stride: 2 },
  { layers: 4, stride: 2 },
  { layers: 3, stride: 1 },
  { layers: 3, stride: 2 },
] as const;

type Sizes = readonly [narrow: number, normal: number, wide: number];

export interface MnasnetSkeleton extends MbconvSkeleton {
  readonly stemFilters: number;
  /** Of the first block, a depthwise separable layer. */
  readonly firstFilters: number;
  /** Whether the first block is residual, where its channels agree with the stem's. */
  readonly firstSkip: boolean;
  /** The searched blocks' sizes. */
  readonly filters: readonly [Sizes, Sizes, Sizes, Sizes, Sizes];
  /** Of the last block, an inverted bottleneck of one layer. */
  readonly lastFilters: number;
  /** Of the last 1x1 convolution: no multiplier applies. */
  readonly headFilters: number;
}

const skeleton = {
  ...cifarSkeleton,
  stemFilters: 32,
  firstFilters: 16,
  firstSkip: false,
  filters: [
    [16, 24, 32],
    [24, 32, 40],
    [48, 64, 80],
    [72, 96, 112],
    [120, 160, 192],
  ],
  lastFilters: 320,
  headFilters: 1280,
} satisfies MnasnetSkeleton;

/** The sizes of MnasNet-small, which is in reach of no multiplier. */
export const mnasnetSmallSkeleton = {
  stemFilters: 8,
  firstFilters: 8,
  firstSkip: true,
  filters: [
    [8, 16, 24],
    [8, 16, 24],
    [24, 32, 40],
    [24, 32, 40],
    [64, 88, 112],
  ],
  lastFilters: 144,
} satisfies Partial<MnasnetSkeleton>;

const FIRST = { repeats: 1, kernel: 3, stride: 1, expansion: 1, squeezeRatio: 0 } as const;

const LAST = { repeats: 1, kernel: 3, stride: 1, expansion: 6, squeezeRatio: 0, skip: "identity" } as const;

interface Chosen {
  readonly operation: (typeof mnasnetOperations)[number];
  readonly kernel: 3 | 5;
  readonly squeeze: 0 | 0.25;
  readonly skip: "none" | "identity" | "pool";
  readonly filters: "narrow" | "normal" | "wide";
  readonly layers: number;
}

/** Returns the stages before multipliers, the first and the last included. */
function specsOf(chosen: readonly Chosen[], skeleton: MnasnetSkeleton): readonly StageSpec[] {
  const sizes = ["narrow", "normal", "wide"] as const;
  const searched = chosen.map((block, i): StageSpec => {
    const base = BASE[i] as (typeof BASE)[number];
    return {
      repeats: base.layers + block.layers,
      kernel: block.kernel,
      stride: base.stride,
      expansion: EXPANSIONS[block.operation],
      filters: (skeleton.filters[i] as Sizes)[sizes.indexOf(block.filters)] as number,
      squeezeRatio: block.squeeze,
      skip: block.skip,
    };
  });
  return [
    { ...FIRST, filters: skeleton.firstFilters, skip: skeleton.firstSkip ? "identity" : "none" },
    ...searched,
    { ...LAST, filters: skeleton.lastFilters },
  ];
}

/** 1.5e13 genotypes. */
export const mnasnet = defineSpace({
  name: "mnasnet",
  version: 1,
  skeleton,
  decisions: { block1: block, block2: block, block3: block, block4: block, block5: block },
  decode(choices, skeleton) {
    const stemFilters = roundFilters(skeleton.stemFilters, skeleton.width);
    const stages = specsOf(Object.values(choices), skeleton);
    const plan = {
      name: "mnasnet",
      stemFilters,
      stages: stagesOf(stages, stemFilters, { ...skeleton, activation: "relu" }),
      headFilters: skeleton.headFilters,
      activation: "relu" as const,
    };
    return { network: mbconvNetwork(plan, skeleton) };
  },
  scaleSkeleton: scaleMbconv,
  roundedNumbers: (choices, skeleton) => roundedStages(specsOf(Object.values(choices), skeleton), skeleton),
  named: {
    /** Its search's result, with squeeze-and-excitation (figure 7). */
    "mnasnet-a1": {
      block1: { operation: "mbconv6", kernel: 3, squeeze: 0, skip: "identity", filters: "normal", layers: 0 },
      block2: { operation: "mbconv3", kernel: 5, squeeze: 0.25, skip: "identity", filters: "wide", layers: 0 },
      block3: { operation: "mbconv6", kernel: 3, squeeze: 0, skip: "identity", filters: "wide", layers: 0 },
      block4: { operation: "mbconv6", kernel: 3, squeeze: 0.25, skip: "identity", filters: "wide", layers: -1 },
      block5: { operation: "mbconv6", kernel: 5, squeeze: 0.25, skip: "identity", filters: "normal", layers: 0 },
    },
    /** Without squeeze-and-excitation. */
    "mnasnet-b1": {
      block1: { operation: "mbconv3", kernel: 3, squeeze: 0, skip: "identity", filters: "normal", layers: 1 },
      block2: { operation: "mbconv3", kernel: 5, squeeze: 0, skip: "identity", filters: "wide", layers: 0 },
      block3: { operation: "mbconv6", kernel: 5, squeeze: 0, skip: "identity", filters: "wide", layers: -1 },
      block4: { operation: "mbconv6", kernel: 3, squeeze: 0, skip: "identity", filters: "normal", layers: -1 },
      block5: { operation: "mbconv6", kernel: 5, squeeze: 0, skip: "identity", filters: "wide", layers: 1 },
    },
    /** On `mnasnetSmallSkeleton`. */
    "mnasnet-small": {
      block1: { operation: "mbconv3", kernel: 3, squeeze: 0, skip: "identity", filters: "normal", layers: -1 },
      block2: { operation: "mbconv6", kernel: 3, squeeze: 0, skip: "identity", filters: "normal", layers: -1 },
      block3: { operation: "mbconv6", kernel: 5, squeeze: 0.25, skip: "identity", filters: "normal", layers: 0 },
      block4: { operation: "mbconv6", kernel: 3, squeeze: 0.25, skip: "identity", filters: "normal", layers: 0 },
      block5: { operation: "mbconv6", kernel: 5, squeeze: 0.25, skip: "identity", filters: "normal", layers: 0 },
    },
  },
});
