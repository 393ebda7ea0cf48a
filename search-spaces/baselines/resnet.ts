/**
 * @file ResNet (He et al. 2016, arXiv 1512.03385, section 3.3 and table 1) as torchvision has it: a stem, four stages of residual blocks, the classifier. What
 * ResNeXt, wide and squeeze-and-excitation ResNets change of it are options here; each has its own file.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { classify, convNormActivate, torchBatchNorm } from "../modules/layers.ts";
import { basicBlock, bottleneckBlock } from "../modules/residual.ts";
import { aroundKernel } from "../torch-padding.ts";
import type { ClassicOptions } from "./classic-options.ts";

/** Blocks of the four stages, by the number of layers: basic blocks up to 34, bottlenecks from 50 on. */
export const resnetStages = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const;

export interface ResnetOptions extends ClassicOptions {
  readonly depth: keyof typeof resnetStages;
  /** Filters of the stem and of the first stage's 3x3 convolutions; each later stage has twice as many. Default 64. */
  readonly width?: number;
  /** `imagenet`: 7x7 of stride 2 and a pool, a quarter of the size. `cifar`: one 3x3 convolution. Default by the input: `cifar` below 64 rows. */
  readonly stem?: "imagenet" | "cifar";
  /** A bottleneck's 3x3 convolutions: `widening` times as many filters, in `groups` groups. Default 1 and 1. */
  readonly bottleneck?: { readonly widening?: number; readonly groups?: number };
  /** Squeeze and excitation with this share of a block's channels. */
  readonly squeeze?: number;
}

/** Adds the stem: 7x7 of stride 2 and a 3x3 pool of stride 2, or one 3x3 convolution. */
export function resnetStem(net: NetworkBuilder, kind: "imagenet" | "cifar", filters: number): Tensor {
  if (kind === "cifar") return convNormActivate(net, net.input, "stem", { filters, kernel: 3 });
  const conv = convNormActivate(net, net.input, "stem", { filters, kernel: 7, stride: 2 });
  return net.maxPool("stem/pool", conv, { kernel: 3, stride: 2, padding: aroundKernel(3) });
}

/** Returns a ResNet. Throws `space` for a depth that is not in the paper's table. */
export function resnet(options: ResnetOptions): Network {
  const { depth, input = [224, 224, 3], classes = 1000, width = 64, bottleneck, squeeze } = options;
  const stem = options.stem ?? (input[0] < 64 ? "cifar" : "imagenet");
  const stages: readonly number[] | undefined = resnetStages[depth];
  if (stages === undefined)
    throw new CellwrightError("space", expected("resnet: depth", Object.keys(resnetStages).join(", "), depth));
  const { widening = 1, groups = 1 } = bottleneck ?? {};
  return network(
    `resnet-${depth}`,
    input,
    (net) => {
      let x = resnetStem(net, stem, width);
      for (const [stage, blocks] of stages.entries())
        for (let block = 0; block < blocks; block++) {
          const base = width * 2 ** stage;
          const filters = depth < 50 ? base : 4 * base;
          const site = {
            path: `stage${stage}/block${block}`,
            filters,
            stride: stage > 0 && block === 0 ? 2 : 1,
            ...(squeeze !== undefined && { squeeze: Math.max(1, Math.round(filters * squeeze)) }),
          };
          x =
            depth < 50
              ? basicBlock(net, x, site)
              : bottleneckBlock(net, x, { ...site, middle: base * widening, groups });
        }
      return classify(net, x, classes);
    },
    { batchNorm: torchBatchNorm },
  );
}
