/**
 * @file VGG (Simonyan and Zisserman 2015, arXiv 1409.1556, table 1, configurations A, B, D and E): stages of 3x3 convolutions, each ended by a max pool. Sizes are
 * torchvision's. The small form for CIFAR has batch norm and one dense layer instead of three, which would hold nine tenths of the weights.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";

export interface VggOptions extends ClassicOptions {
  /** Layers with weights in the form for ImageNet. Default 16. */
  readonly depth?: 11 | 13 | 16 | 19;
  /** Default `imagenet`: 224x224 and 1000 classes. `cifar`: 32x32 and 10. */
  readonly form?: "imagenet" | "cifar";
  /** After every convolution. The paper has none; by default only the form for CIFAR does. */
  readonly batchNorm?: boolean;
}

const filters = [64, 128, 256, 512, 512] as const;

/** Convolutions of each stage. */
const repeats = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
} as const;

function largeHead(net: NetworkBuilder, x: Tensor, classes: number): Tensor {
  const hidden = (path: string, from: Tensor): Tensor => {
    const active = net.activate(`${path}/act`, net.dense(`${path}/dense`, from, { units: 4096 }));
    return net.dropout(`${path}/dropout`, active, 0.5);
  };
  const features = net.flatten("head/flatten", net.adaptiveAvgPool("head/pool", x, 7));
  return net.dense("head/dense", hidden("head/hidden1", hidden("head/hidden0", features)), { units: classes });
}

/** Images of 32x32 or more: five pools halve them. Throws `space` on another depth or form. */
export function vgg(options: VggOptions = {}): Network {
  const { depth = 16, form = "imagenet" } = options;
  if (!Object.hasOwn(repeats, depth))
    throw new CellwrightError("space", expected("vgg: depth", "11, 13, 16 or 19", depth));
  if (form !== "imagenet" && form !== "cifar")
    throw new CellwrightError("space", expected("vgg: form", '"imagenet" or "cifar"', form));
  const isSmall = form === "cifar";
  const { input = isSmall ? [32, 32, 3] : [224, 224, 3], classes = isSmall ? 10 : 1000, batchNorm = isSmall } = options;
  return network(
    isSmall ? `vgg-${depth}-cifar` : `vgg-${depth}`,
    input,
    (net) => {
      let x = net.input;
      for (const [stage, count] of repeats[depth].entries()) {
        for (let i = 0; i < count; i++) {
          const path = `stage${stage + 1}/layer${i}`;
          const wide = net.conv(`${path}/conv`, x, { filters: filters[stage] as number, kernel: 3, bias: true });
          x = net.activate(`${path}/act`, batchNorm ? net.batchNorm(`${path}/bn`, wide) : wide);
        }
        x = net.maxPool(`stage${stage + 1}/pool`, x, { kernel: 2, stride: 2, padding: "valid" });
      }
      if (!isSmall) return largeHead(net, x, classes);
      return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: classes });
    },
    { batchNorm: { epsilon: 1e-5, momentum: 0.9 } },
  );
}
