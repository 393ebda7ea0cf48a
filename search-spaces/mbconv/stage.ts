/** @file From a stage of blocks that are alike to the blocks with their numbers: how MnasNet and EfficientNet multiply, expand and squeeze. */
import type { ActivationName } from "cellwright/network";
import type { MbconvBlock } from "./block.ts";
import type { BlockSpec } from "./block-string.ts";
import type { MbconvStage } from "./network.ts";
import { roundFilters, roundRepeats } from "./rounding.ts";

/** A stage before multipliers. Its channels before are whatever comes. */
export interface StageSpec extends Pick<BlockSpec, "repeats" | "kernel" | "stride" | "filters" | "squeezeRatio"> {
  /** `conv` for a plain convolution; else the expansion, 1 for a depthwise separable convolution. */
  readonly expansion: number | "conv";
  readonly skip: MbconvBlock["skip"];
}

export interface StageSettings {
  readonly width: number;
  readonly depth: number;
  readonly activation: ActivationName;
}

/** Returns the stages' blocks, the first of which reads `stemFilters` channels. Squeezing is measured by a block's input, which is not expanded yet. */
export function stagesOf(
  specs: readonly StageSpec[],
  stemFilters: number,
  { width, depth, activation }: StageSettings,
): readonly MbconvStage[] {
  let input = stemFilters;
  return specs.map(({ repeats, kernel, stride, expansion, filters: base, squeezeRatio, skip }) => {
    const filters = roundFilters(base, width);
    const blocks = Array.from({ length: roundRepeats(repeats, depth) }, (): MbconvBlock => {
      const squeeze =
        squeezeRatio === 0
          ? undefined
          : { filters: Math.max(1, Math.floor(input * squeezeRatio)), activation, gate: "sigmoid" as const };
      const any = { kernel, filters, activation, squeeze, skip };
      const block: MbconvBlock =
        expansion === "conv" ? { ...any, op: "conv" } : { ...any, op: "mbconv", expanded: input * expansion };
      input = filters;
      return block;
    });
    return { stride, blocks };
  });
}
