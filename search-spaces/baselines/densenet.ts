/**
 * @file DenseNet (Huang, Liu, van der Maaten and Weinberger 2017, arXiv 1608.06993, table 1): within a block every layer reads all before it. These are DenseNet-BC:
 * bottlenecks of 1x1 to 4k before each 3x3, and transitions that halve the channels. Sizes are torchvision's; the small form for CIFAR is the paper's, section 4.2.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { around } from "../torch-padding.ts";

export interface DensenetOptions extends ClassicOptions {
  /** Default `imagenet`: 224x224 and 1000 classes. `cifar`: 32x32 and 10. */
  readonly form?: "imagenet" | "cifar";
  /** L in the paper. For ImageNet 121 (default), 161, 169 or 201; for CIFAR 6n + 4, by default 100. */
  readonly depth?: number;
  /** k: channels that a layer adds. By default the paper's: 32, of DenseNet-161 48, for CIFAR 12. */
  readonly growth?: number;
}

/** Layers of each block, by depth. */
const published: Readonly<Record<number, readonly number[]>> = {
  121: [6, 12, 24, 16],
  161: [6, 12, 36, 24],
  169: [6, 12, 32, 32],
  201: [6, 12, 48, 32],
};

/** Batch norm, activation, convolution: the order of pre-activation. */
function normConv(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  options: { readonly filters: number; readonly kernel: number },
): Tensor {
  return net.conv(`${path}/conv`, net.activate(`${path}/act`, net.batchNorm(`${path}/bn`, x)), options);
}

function denseBlock(net: NetworkBuilder, x: Tensor, path: string, layers: number, growth: number): Tensor {
  const states = [x];
  let all = x;
  for (let i = 0; i < layers; i++) {
    const at = `${path}/layer${i}`;
    const narrow = normConv(net, all, `${at}/bottleneck`, { filters: 4 * growth, kernel: 1 });
    states.push(normConv(net, narrow, `${at}/new`, { filters: growth, kernel: 3 }));
    all = net.concat(`${at}/concat`, states);
  }
  return all;
}

function addStem(net: NetworkBuilder, filters: number, form: "imagenet" | "cifar"): Tensor {
  if (form === "cifar") return net.conv("stem/conv", net.input, { filters, kernel: 3 });
  const wide = net.conv("stem/conv", net.input, { filters, kernel: 7, stride: 2, padding: around(3) });
  const active = net.activate("stem/act", net.batchNorm("stem/bn", wide));
  return net.maxPool("stem/pool", active, { kernel: 3, stride: 2, padding: around(1) });
}

function blocksOf(form: "imagenet" | "cifar", depth: number): readonly number[] {
  if (form === "imagenet") {
    const layers = Object.hasOwn(published, depth) ? published[depth] : undefined;
    if (layers !== undefined) return layers;
    throw new CellwrightError("space", expected("densenet: depth", "121, 161, 169 or 201", depth));
  }
  // Of 6n + 4 layers two are in each of n bottlenecks of three blocks; the others are the stem, two transitions and the head.
  const layers = (depth - 4) / 6;
  if (Number.isSafeInteger(layers) && layers >= 1) return [layers, layers, layers];
  throw new CellwrightError("space", expected("densenet: depth", "6n + 4 for CIFAR, as 40 or 100", depth));
}

/** Images of 32x32 or more; for CIFAR's form of 4x4 or more. Throws `space` on a depth or form that there isn't. */
export function densenet(options: DensenetOptions = {}): Network {
  const { form = "imagenet" } = options;
  if (form !== "imagenet" && form !== "cifar")
    throw new CellwrightError("space", expected("densenet: form", '"imagenet" or "cifar"', form));
  const isSmall = form === "cifar";
  const { depth = isSmall ? 100 : 121 } = options;
  const { growth = isSmall ? 12 : depth === 161 ? 48 : 32 } = options;
  const { input = isSmall ? [32, 32, 3] : [224, 224, 3], classes = isSmall ? 10 : 1000 } = options;
  const blocks = blocksOf(form, depth);
  return network(
    isSmall ? `densenet-bc-${depth}-k${growth}-cifar` : `densenet-${depth}`,
    input,
    (net) => {
      let x = addStem(net, 2 * growth, form);
      for (const [i, layers] of blocks.entries()) {
        if (i > 0) {
          const path = `transition${i}`;
          const narrow = normConv(net, x, path, { filters: Math.floor(x.channels / 2), kernel: 1 });
          x = net.avgPool(`${path}/pool`, narrow, { kernel: 2, stride: 2, padding: "valid" });
        }
        x = denseBlock(net, x, `block${i + 1}`, layers, growth);
      }
      const features = net.activate("head/act", net.batchNorm("head/bn", x));
      return net.dense("head/dense", net.globalAvgPool("head/pool", features), { units: classes });
    },
    { batchNorm: { epsilon: 1e-5, momentum: 0.9 } },
  );
}
