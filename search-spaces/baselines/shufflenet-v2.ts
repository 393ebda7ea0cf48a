/** @file ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164, table 5) as torchvision has it. */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network } from "cellwright/network";
import { classify, convNormActivate, torchBatchNorm } from "../modules/layers.ts";
import { shuffleStem, splitShuffleUnit } from "../modules/shuffle.ts";
import type { ClassicOptions } from "./classic-options.ts";

/** Channels of the three stages and of the last convolution, by the multiplier. */
const widths = {
  0.5: { stages: [48, 96, 192], last: 1024 },
  1: { stages: [116, 232, 464], last: 1024 },
  1.5: { stages: [176, 352, 704], last: 1024 },
  2: { stages: [244, 488, 976], last: 2048 },
} as const;

const units = [4, 8, 4];

export interface ShufflenetV2Options extends ClassicOptions {
  /** The paper's complexity. Default 1. */
  readonly width?: keyof typeof widths;
}

/** Returns a ShuffleNetV2. Throws `space` for a width that the paper has not. */
export function shufflenetV2({ input = [224, 224, 3], classes = 1000, width = 1 }: ShufflenetV2Options = {}): Network {
  if (widths[width] === undefined)
    throw new CellwrightError("space", expected("shufflenet-v2: width", "0.5, 1, 1.5, 2", width));
  const { stages, last } = widths[width];
  return network(
    "shufflenet-v2",
    input,
    (net) => {
      let x = shuffleStem(net, 24);
      for (const [stage, filters] of stages.entries())
        for (let unit = 0; unit < (units[stage] as number); unit++)
          x = splitShuffleUnit(net, x, { path: `stage${stage}/unit${unit}`, filters, stride: unit === 0 ? 2 : 1 });
      return classify(net, convNormActivate(net, x, "head", { filters: last }), classes);
    },
    { batchNorm: torchBatchNorm },
  );
}
