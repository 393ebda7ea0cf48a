/** @file ShuffleNet (Zhang et al. 2018, arXiv 1707.01083, table 1) as its authors released it: the classifier has no bias. */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network } from "cellwright/network";
import { torchBatchNorm } from "../modules/layers.ts";
import { groupedShuffleUnit, shuffleStem } from "../modules/shuffle.ts";
import type { ClassicOptions } from "./classic-options.ts";

/** Channels of stage 2 by the number of groups, chosen in the paper so that all cost about the same. */
const widths = { 1: 144, 2: 200, 3: 240, 4: 272, 8: 384 } as const;

const units = [4, 8, 4];

export interface ShufflenetV1Options extends ClassicOptions {
  /** g of the paper. Default 3. */
  readonly groups?: keyof typeof widths;
  /** s of the paper: times as many channels everywhere. Default 1. */
  readonly width?: number;
  /** Filters of the first convolution. Default 24 times `width`. */
  readonly stem?: number;
}

/** Returns a ShuffleNet. Throws `space` for a number of groups that the paper has not, `shape` for a width that groups don't divide. */
export function shufflenetV1(options: ShufflenetV1Options = {}): Network {
  const { input = [224, 224, 3], classes = 1000, groups = 3, width = 1, stem = Math.round(24 * width) } = options;
  if (widths[groups] === undefined)
    throw new CellwrightError("space", expected("shufflenet-v1: groups", Object.keys(widths).join(", "), groups));
  return network(
    "shufflenet-v1",
    input,
    (net) => {
      let x = shuffleStem(net, stem);
      for (const [stage, count] of units.entries())
        for (let unit = 0; unit < count; unit++)
          x = groupedShuffleUnit(net, x, {
            path: `stage${stage}/unit${unit}`,
            filters: Math.round(widths[groups] * width) * 2 ** stage,
            stride: unit === 0 ? 2 : 1,
            groups,
            ...(stage === 0 && unit === 0 && { firstGroups: 1 }),
          });
      return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: classes, bias: false });
    },
    { batchNorm: torchBatchNorm },
  );
}
