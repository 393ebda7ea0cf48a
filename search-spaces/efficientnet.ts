/**
 * @file The space of EfficientNet (Tan and Le 2019, arXiv 1905.11946): seven stages of mobile inverted bottlenecks, the layers of a stage alike; a genotype is
 * seven block strings. B0 is its published genotype, B1 to B7 are B0 on larger skeletons, by the released multipliers (which are set by hand: not exact powers of
 * the paper's alpha, beta and gamma). Wiring follows the released code (tensorflow/tpu) and Keras.
 */
import { CellwrightError, expected } from "cellwright/base";
import type { ActivationName } from "cellwright/network";
import { choice, defineSpace, int, type Genotype } from "cellwright/space";
import { blockText, parseBlock, type BlockSpec } from "./mbconv/block-string.ts";
import { mbconvNetwork } from "./mbconv/network.ts";
import { roundedStages, roundFilters } from "./mbconv/rounding.ts";
import { cifarSkeleton, imagenetSkeleton, scaleMbconv, type MbconvSkeleton } from "./mbconv/skeleton.ts";
import { stagesOf } from "./mbconv/stage.ts";

const STEM_FILTERS = 32;

const HEAD_FILTERS = 1280;

/** Of each stage's first layer. */
const STRIDES = [1, 2, 2, 2, 1, 2, 1] as const;

const STAGES = STRIDES.length;

/** A stage, its filters from `min` to `max` by 8. A squeeze is a share of the channels before expansion; without skip no layer has a residual. */
const stage = (min: number, max: number) => ({
  repeats: int(1, 4),
  kernel: choice([3, 5], { role: "operation" }),
  expansion: choice([1, 3, 6], { role: "operation" }),
  filters: int(min, max, { step: 8 }),
  squeeze: choice([0, 0.25]),
  skip: choice([true, false]),
});

const decisions = {
  stage0: stage(8, 32),
  stage1: stage(16, 40),
  stage2: stage(16, 64),
  stage3: stage(32, 112),
  stage4: stage(32, 160),
  stage5: stage(88, 256),
  stage6: stage(144, 448),
};

interface EfficientnetStage {
  readonly repeats: number;
  readonly kernel: 3 | 5;
  readonly expansion: 1 | 3 | 6;
  readonly filters: number;
  readonly squeeze: 0 | 0.25;
  readonly skip: boolean;
}

export interface EfficientnetSkeleton extends MbconvSkeleton {
  readonly activation: ActivationName;
}

const skeleton = { ...cifarSkeleton, activation: "swish" as ActivationName } satisfies EfficientnetSkeleton;

function specsOf(stages: readonly EfficientnetStage[]): readonly BlockSpec[] {
  return stages.map(({ squeeze, ...stage }, s) => ({
    ...stage,
    stride: STRIDES[s] as 1 | 2,
    inputFilters: stages[s - 1]?.filters ?? STEM_FILTERS,
    squeezeRatio: squeeze,
  }));
}

const b0 = { squeeze: 0.25, skip: true } as const;

/** 1.3e21 genotypes: product over the stages of 4 x 2 x 3 x (numbers of filters) x 2 x 2. */
export const efficientnet = defineSpace({
  name: "efficientnet",
  version: 1,
  skeleton,
  decisions,
  decode(choices, skeleton) {
    const { width, activation } = skeleton;
    const stemFilters = roundFilters(STEM_FILTERS, width);
    const specs = specsOf(Object.values(choices)).map((spec) => ({
      ...spec,
      skip: spec.skip ? ("identity" as const) : ("none" as const),
    }));
    const plan = {
      name: "efficientnet",
      stemFilters,
      stages: stagesOf(specs, stemFilters, skeleton),
      headFilters: roundFilters(HEAD_FILTERS, width),
      activation,
    };
    return { network: mbconvNetwork(plan, skeleton) };
  },
  scaleSkeleton: scaleMbconv,
  roundedNumbers: (choices, skeleton) => roundedStages(Object.values(choices), skeleton),
  named: {
    /** Found by a search for accuracy at 400M MACs. */
    "efficientnet-b0": {
      stage0: { ...b0, repeats: 1, kernel: 3, expansion: 1, filters: 16 },
      stage1: { ...b0, repeats: 2, kernel: 3, expansion: 6, filters: 24 },
      stage2: { ...b0, repeats: 2, kernel: 5, expansion: 6, filters: 40 },
      stage3: { ...b0, repeats: 3, kernel: 3, expansion: 6, filters: 80 },
      stage4: { ...b0, repeats: 3, kernel: 5, expansion: 6, filters: 112 },
      stage5: { ...b0, repeats: 4, kernel: 5, expansion: 6, filters: 192 },
      stage6: { ...b0, repeats: 1, kernel: 3, expansion: 6, filters: 320 },
    },
  },
});

/** Released multipliers of width and depth, side of the image and dropout rate of B0 to B7. */
const SCALES = [
  { width: 1, depth: 1, side: 224, dropout: 0.2 },
  { width: 1, depth: 1.1, side: 240, dropout: 0.2 },
  { width: 1.1, depth: 1.2, side: 260, dropout: 0.3 },
  { width: 1.2, depth: 1.4, side: 300, dropout: 0.3 },
  { width: 1.4, depth: 1.8, side: 380, dropout: 0.4 },
  { width: 1.6, depth: 2.2, side: 456, dropout: 0.4 },
  { width: 1.8, depth: 2.6, side: 528, dropout: 0.5 },
  { width: 2, depth: 3.1, side: 600, dropout: 0.5 },
] as const;

/** Skeletons of EfficientNet-B0 to B7, for ImageNet; their genotype is `efficientnet-b0`. Blocks are dropped by up to the recipe's rate, 0.2 in the paper. */
export const efficientnetSkeletons: readonly Partial<EfficientnetSkeleton>[] = SCALES.map(({ side, ...scale }) => ({
  ...imagenetSkeleton,
  ...scale,
  input: [side, side, 3],
  dropPath: true,
}));

const cellsOnly = defineSpace({
  name: efficientnet.name,
  version: efficientnet.version,
  skeleton: {},
  decisions,
  decode: (choices) => ({ network: specsOf(Object.values(choices)) }),
});

/** Returns the seven stages as the released code writes them, `r1_k3_s11_e1_i32_o16_se0.25 r2_…`. Throws `space` unless the genotype is valid. */
export function efficientnetText(genotype: Genotype): string {
  return cellsOnly.decode(genotype).network.map(blockText).join(" ");
}

/** The inverse of `efficientnetText`. Throws `space` naming the stage and what isn't right: the stages' strides are given, and a stage reads what the one before gives. */
export function parseEfficientnet(text: string): Genotype {
  const blocks = text.trim().split(/\s+/);
  const fail = (s: number, what: string): never => {
    throw new CellwrightError("space", expected(`stage${s}`, what, blocks[s]));
  };
  if (blocks.length !== STAGES)
    throw new CellwrightError("space", expected("stages", `${STAGES} blocks with spaces between`, blocks.length));
  const genotype: Record<string, number> = {};
  let inputFilters = STEM_FILTERS;
  for (const [s, block] of blocks.entries()) {
    const spec = parseBlock(block);
    const stride = STRIDES[s] as number;
    if (spec.stride !== stride) fail(s, `strides s${stride}${stride}`);
    if (spec.inputFilters !== inputFilters) fail(s, `i${inputFilters}, the channels before it`);
    for (const decision of efficientnet.decisions) {
      const [at, key] = decision.path.split(".") as [string, keyof EfficientnetStage];
      if (at !== `stage${s}`) continue;
      const value = key === "squeeze" ? spec.squeezeRatio : spec[key];
      if (decision.kind === "choice") {
        const index = decision.options.findIndex(({ name }) => name === String(value));
        if (index < 0) fail(s, `${key} one of ${decision.options.map(({ name }) => name).join(", ")}`);
        genotype[decision.path] = index;
      } else if (decision.kind === "int") {
        const { min, max, step } = decision;
        const isIn = Number(value) >= min && Number(value) <= max && (Number(value) - min) % step === 0;
        if (!isIn) fail(s, `${key} from ${min} to ${max} in steps of ${step}`);
        genotype[decision.path] = Number(value);
      }
    }
    inputFilters = spec.filters;
  }
  return genotype;
}
