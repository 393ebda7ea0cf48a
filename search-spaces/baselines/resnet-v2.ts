/**
 * @file ResNet-v2 (He et al. 2016, arXiv 1603.05027) as timm has it: pre-activation bottlenecks, a stem without batch norm, one batch norm before the classifier.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network } from "cellwright/network";
import { classify, normActivate, torchBatchNorm } from "../modules/layers.ts";
import { preActivationBlock } from "../modules/residual.ts";
import { resnetStages } from "./resnet.ts";
import { aroundKernel } from "../torch-padding.ts";
import type { ClassicOptions } from "./classic-options.ts";

export interface ResnetV2Options extends ClassicOptions {
  readonly depth: 50 | 101 | 152;
  /** Filters of the stem and of the first stage's 3x3 convolutions. Default 64. */
  readonly width?: number;
}

/** Returns a ResNet-v2. Throws `space` for a depth without bottlenecks. */
export function resnetV2({ depth, input = [224, 224, 3], classes = 1000, width = 64 }: ResnetV2Options): Network {
  if (resnetStages[depth] === undefined || depth < 50)
    throw new CellwrightError("space", expected("resnet-v2: depth", "50, 101, 152", depth));
  return network(
    `resnet-v2-${depth}`,
    input,
    (net) => {
      const stem = net.conv("stem/conv", net.input, { filters: width, kernel: 7, stride: 2, padding: aroundKernel(7) });
      let x = net.maxPool("stem/pool", stem, { kernel: 3, stride: 2, padding: aroundKernel(3) });
      for (const [stage, blocks] of resnetStages[depth].entries())
        for (let block = 0; block < blocks; block++) {
          const middle = width * 2 ** stage;
          x = preActivationBlock(net, x, {
            path: `stage${stage}/block${block}`,
            filters: 4 * middle,
            middle,
            stride: stage > 0 && block === 0 ? 2 : 1,
            projects: block === 0,
          });
        }
      return classify(net, normActivate(net, x, "head"), classes);
    },
    { batchNorm: torchBatchNorm },
  );
}
