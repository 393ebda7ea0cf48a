/**
 * @file The space that MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), MobileNetV3 (Howard et al. 2019, arXiv 1905.02244), ProxylessNAS (Cai, Zhu and Han 2019, arXiv
 * 1812.00332) and Once-for-All (Cai et al. 2020, arXiv 1908.09791) share: stages of mobile inverted bottlenecks. A stage picks its depth, filters, activation and
 * squeeze-and-excitation, each of its layers a kernel and an expansion; the network its resolution, stem and head.
 *
 * Layers belong to a stage's depth: where that changes they are drawn anew.
 */
import { CellwrightError, expected } from "cellwright/base";
import type { ActivationName } from "cellwright/network";
import { choice, defineSpace, type Branches } from "cellwright/space";
import type { MbconvBlock, Squeeze } from "./mbconv/block.ts";
import { mbconvNetwork, type MbconvPlan, type MbconvStage } from "./mbconv/network.ts";
import { roundedStages, roundFilters, roundRepeats } from "./mbconv/rounding.ts";
import { cifarSkeleton, scaleMbconv, type MbconvSkeleton } from "./mbconv/skeleton.ts";

/** The side of the image that `resolution` is measured by. */
const FULL_SIDE = 224;

/** 2.3, 2.5, 3.5 and 4.5 are MobileNetV3's, to multiples of 8. */
const layer = {
  kernel: choice([3, 5, 7], { role: "operation" }),
  expansion: choice([1, 2.3, 2.5, 3, 3.5, 4, 4.5, 6], { role: "operation" }),
};

const upToTwo = { one: { layer0: layer }, two: { layer0: layer, layer1: layer } };

const upToFour = {
  ...upToTwo,
  three: { layer0: layer, layer1: layer, layer2: layer },
  four: { layer0: layer, layer1: layer, layer2: layer, layer3: layer },
};

const activation = choice(["relu", "relu6", "hswish", "swish"]);

const stage = <const D extends Branches>(filters: readonly number[], depth: D) => ({
  filters: choice(filters),
  activation,
  /** `input`: a quarter of the channels before expansion (EfficientNet). `expanded`: of those after, with relu and a hard gate (MobileNetV3). */
  squeeze: choice(["none", "input", "expanded"]),
  depth: choice(depth),
});

/** Stage by stage; the first and the last may be left out. */
const decisions = {
  /** Of 224: the image is averaged down to that share of its sides. */
  resolution: choice([224, 192, 160, 128]),
  /** After the stem's and the head's layers. */
  activation,
  stemFilters: choice([16, 24, 32]),
  stage0: choice({ none: {}, some: stage([16, 24], upToTwo) }),
  stage1: stage([16, 24, 32], upToFour),
  stage2: stage([24, 32, 40], upToFour),
  stage3: stage([40, 64, 80], upToFour),
  stage4: stage([48, 96, 112], upToFour),
  stage5: stage([96, 160, 192], upToFour),
  stage6: choice({ none: {}, some: stage([192, 320], upToTwo) }),
  /** `conv`: a 1x1 convolution before the global pool. `late`: one to 6 times the last stage's channels, and a dense layer after the pool (MobileNetV3). */
  head: choice({ conv: { filters: choice([1024, 1280]) }, late: { units: choice([1024, 1280]) } }),
};

/** Of each stage's first layer. */
const STRIDES = [1, 2, 2, 2, 1, 2, 1] as const;

interface Layer {
  readonly kernel: 3 | 5 | 7;
  readonly expansion: 1 | 2.3 | 2.5 | 3 | 3.5 | 4 | 4.5 | 6;
}

interface Stage {
  readonly filters: number;
  readonly activation: ActivationName;
  readonly squeeze: "none" | "input" | "expanded";
  readonly depth: { readonly kind: string };
}

export interface MbconvSpaceSkeleton extends MbconvSkeleton {
  /** What the width multiplies in a layer: its channels before expansion (MobileNetV2) or those after, for themselves (MobileNetV3). */
  readonly widens: "input" | "expanded";
}

const skeleton = { ...cifarSkeleton, widens: "input" as "input" | "expanded" } satisfies MbconvSpaceSkeleton;

function checkWidens({ widens }: MbconvSpaceSkeleton): void {
  if (widens !== "input" && widens !== "expanded")
    throw new CellwrightError("space", expected("skeleton.widens", '"input" or "expanded"', widens));
}

/** Channels before and after the multiplier. */
interface Channels {
  readonly base: number;
  readonly wide: number;
}

function squeezeOf({ squeeze, activation }: Stage, input: number, expanded: number): Squeeze | undefined {
  if (squeeze === "none") return undefined;
  if (squeeze === "input") return { filters: Math.max(1, Math.floor(input / 4)), activation, gate: "sigmoid" };
  return { filters: roundFilters(Math.floor(expanded / 4)), activation: "relu", gate: "hsigmoid" };
}

function blocksOf(stage: Stage, before: Channels, { width, depth, widens }: MbconvSpaceSkeleton): MbconvBlock[] {
  const { kind: _kind, ...layers } = stage.depth;
  const chosen = Object.values(layers) as readonly Layer[];
  const filters = roundFilters(stage.filters, width);
  let input = before;
  // A deeper network has the last layer more often.
  return Array.from({ length: roundRepeats(chosen.length, depth) }, (_, i) => {
    const { kernel, expansion } = (chosen[i] ?? chosen.at(-1)) as Layer;
    const { base, wide } = input;
    const expanded =
      widens === "input" ? roundFilters(wide * expansion) : roundFilters(roundFilters(base * expansion), width);
    input = { base: stage.filters, wide: filters };
    const squeeze = squeezeOf(stage, wide, expanded);
    return { op: "mbconv", kernel, expanded, filters, activation: stage.activation, squeeze, skip: "identity" };
  });
}

const one = (layer0: Layer) => ({ kind: "one", layer0 }) as const;
const two = (layer0: Layer, layer1: Layer) => ({ kind: "two", layer0, layer1 }) as const;
const three = (layer0: Layer, layer1: Layer, layer2: Layer) => ({ kind: "three", layer0, layer1, layer2 }) as const;
const four = (layer0: Layer, layer1: Layer, layer2: Layer, layer3: Layer) =>
  ({ kind: "four", layer0, layer1, layer2, layer3 }) as const;
const k3 = (expansion: Layer["expansion"]): Layer => ({ kernel: 3, expansion });
const k5 = (expansion: Layer["expansion"]): Layer => ({ kernel: 5, expansion });
const k7 = (expansion: Layer["expansion"]): Layer => ({ kernel: 7, expansion });

const v2 = { activation: "relu6", squeeze: "none" } as const;
const b0 = { activation: "swish", squeeze: "input" } as const;

/** 1.2e46 genotypes, most of them in the layers: up to four of 24 kinds in each of five stages. */
export const mbconv = defineSpace({
  name: "mbconv",
  version: 1,
  skeleton,
  decisions,
  decode(choices, skeleton) {
    checkWidens(skeleton);
    const { resolution, activation, stemFilters, head, stage0, stage6 } = choices;
    const { input, width } = skeleton;
    const side = (pixels: number): number => Math.max(1, Math.round((pixels * resolution) / FULL_SIDE));
    let before: Channels = { base: stemFilters, wide: roundFilters(stemFilters, width) };
    const chosen: readonly (Stage | { readonly kind: "none" })[] = [
      stage0,
      choices.stage1,
      choices.stage2,
      choices.stage3,
      choices.stage4,
      choices.stage5,
      stage6,
    ];
    const stages = chosen.map((stage, s): MbconvStage => {
      const stride = STRIDES[s] as 1 | 2;
      if (!("filters" in stage)) return { stride, blocks: [] };
      const blocks = blocksOf(stage, before, skeleton);
      before = { base: stage.filters, wide: roundFilters(stage.filters, width) };
      return { stride, blocks };
    });
    const plan: MbconvPlan = {
      name: "mbconv",
      resolution: [side(input[0]), side(input[1])],
      stemFilters: roundFilters(stemFilters, width),
      stages,
      activation,
      // A narrow network keeps a wide end (MobileNetV2), unless the end is a dense layer.
      ...(head.kind === "conv"
        ? { headFilters: roundFilters(head.filters, Math.max(1, width)) }
        : { headFilters: 6 * before.wide, hiddenUnits: roundFilters(head.units, width) }),
    };
    return { network: mbconvNetwork(plan, skeleton) };
  },
  scaleSkeleton: scaleMbconv,
  roundedNumbers(choices, skeleton) {
    const { stage0, stage1, stage2, stage3, stage4, stage5, stage6 } = choices;
    const all: readonly (Stage | { readonly kind: "none" })[] = [
      stage0,
      stage1,
      stage2,
      stage3,
      stage4,
      stage5,
      stage6,
    ];
    const present = all.filter((stage) => "filters" in stage);
    // What is left of a depth beside its kind is its layers.
    const stages = present.map(({ filters, depth }) => ({ filters, repeats: Object.keys(depth).length - 1 }));
    return roundedStages(stages, skeleton);
  },
  named: {
    "mobilenet-v2": {
      resolution: 224,
      activation: "relu6",
      stemFilters: 32,
      stage0: { kind: "some", filters: 16, ...v2, depth: one(k3(1)) },
      stage1: { filters: 24, ...v2, depth: two(k3(6), k3(6)) },
      stage2: { filters: 32, ...v2, depth: three(k3(6), k3(6), k3(6)) },
      stage3: { filters: 64, ...v2, depth: four(k3(6), k3(6), k3(6), k3(6)) },
      stage4: { filters: 96, ...v2, depth: three(k3(6), k3(6), k3(6)) },
      stage5: { filters: 160, ...v2, depth: three(k3(6), k3(6), k3(6)) },
      stage6: { kind: "some", filters: 320, ...v2, depth: one(k3(6)) },
      head: { kind: "conv", filters: 1280 },
    },
    "mobilenet-v3-large": {
      resolution: 224,
      activation: "hswish",
      stemFilters: 16,
      stage0: { kind: "some", filters: 16, activation: "relu", squeeze: "none", depth: one(k3(1)) },
      stage1: { filters: 24, activation: "relu", squeeze: "none", depth: two(k3(4), k3(3)) },
      stage2: { filters: 40, activation: "relu", squeeze: "expanded", depth: three(k5(3), k5(3), k5(3)) },
      stage3: { filters: 80, activation: "hswish", squeeze: "none", depth: four(k3(6), k3(2.5), k3(2.3), k3(2.3)) },
      stage4: { filters: 112, activation: "hswish", squeeze: "expanded", depth: two(k3(6), k3(6)) },
      stage5: { filters: 160, activation: "hswish", squeeze: "expanded", depth: three(k5(6), k5(6), k5(6)) },
      stage6: { kind: "none" },
      head: { kind: "late", units: 1280 },
    },
    "mobilenet-v3-small": {
      resolution: 224,
      activation: "hswish",
      stemFilters: 16,
      stage0: { kind: "none" },
      stage1: { filters: 16, activation: "relu", squeeze: "expanded", depth: one(k3(1)) },
      stage2: { filters: 24, activation: "relu", squeeze: "none", depth: two(k3(4.5), k3(3.5)) },
      stage3: { filters: 40, activation: "hswish", squeeze: "expanded", depth: three(k5(4), k5(6), k5(6)) },
      stage4: { filters: 48, activation: "hswish", squeeze: "expanded", depth: two(k5(3), k5(3)) },
      stage5: { filters: 96, activation: "hswish", squeeze: "expanded", depth: three(k5(6), k5(6), k5(6)) },
      stage6: { kind: "none" },
      head: { kind: "late", units: 1024 },
    },
    /** Searched for a phone. */
    "proxylessnas-mobile": {
      resolution: 224,
      activation: "relu6",
      stemFilters: 32,
      stage0: { kind: "some", filters: 16, ...v2, depth: one(k3(1)) },
      stage1: { filters: 32, ...v2, depth: two(k5(3), k3(3)) },
      stage2: { filters: 40, ...v2, depth: four(k7(3), k3(3), k5(3), k5(3)) },
      stage3: { filters: 80, ...v2, depth: four(k7(6), k5(3), k5(3), k5(3)) },
      stage4: { filters: 96, ...v2, depth: four(k5(6), k5(3), k5(3), k5(3)) },
      stage5: { filters: 192, ...v2, depth: four(k7(6), k7(6), k7(3), k7(3)) },
      stage6: { kind: "some", filters: 320, ...v2, depth: one(k7(6)) },
      head: { kind: "conv", filters: 1280 },
    },
    "efficientnet-b0": {
      resolution: 224,
      activation: "swish",
      stemFilters: 32,
      stage0: { kind: "some", filters: 16, ...b0, depth: one(k3(1)) },
      stage1: { filters: 24, ...b0, depth: two(k3(6), k3(6)) },
      stage2: { filters: 40, ...b0, depth: two(k5(6), k5(6)) },
      stage3: { filters: 80, ...b0, depth: three(k3(6), k3(6), k3(6)) },
      stage4: { filters: 112, ...b0, depth: three(k5(6), k5(6), k5(6)) },
      stage5: { filters: 192, ...b0, depth: four(k5(6), k5(6), k5(6), k5(6)) },
      stage6: { kind: "some", filters: 320, ...b0, depth: one(k3(6)) },
      head: { kind: "conv", filters: 1280 },
    },
  },
});
