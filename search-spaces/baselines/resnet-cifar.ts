/**
 * @file The small ResNets for CIFAR-10 (He et al. 2016, arXiv 1512.03385, section 4.2): 6n + 2 layers, three stages of n basic blocks of 16, 32 and 64 filters,
 * shortcuts without parameters (option A): every second pixel, and zeros for the channels that are not there yet.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { classify, convNorm, convNormActivate, torchBatchNorm } from "../modules/layers.ts";
import type { ClassicOptions } from "./classic-options.ts";

export interface ResnetCifarOptions extends ClassicOptions {
  /** 6n + 2: the paper's are 20, 32, 44, 56, 110 and 1202. */
  readonly depth: number;
  /** Filters of the first stage; each later one has twice as many. Default 16. */
  readonly width?: number;
}

/** The way around the first block of a later stage. */
function padded(net: NetworkBuilder, x: Tensor, path: string): Tensor {
  const half = net.maxPool(`${path}/pool`, x, { kernel: 1, stride: 2, padding: "valid" });
  return net.concat(`${path}/concat`, [half, net.zero(`${path}/zero`, half)]);
}

/** Returns a ResNet of 6n + 2 layers. Throws `space` for another depth. */
export function resnetCifar({ depth, input = [32, 32, 3], classes = 10, width = 16 }: ResnetCifarOptions): Network {
  const blocks = (depth - 2) / 6;
  if (!Number.isSafeInteger(blocks) || blocks < 1)
    throw new CellwrightError("space", expected("resnet-cifar: depth", "6n + 2 layers (20, 32, 44, 56, 110)", depth));
  return network(
    `resnet-${depth}-cifar`,
    input,
    (net) => {
      let x = convNormActivate(net, net.input, "stem", { filters: width, kernel: 3 });
      for (let stage = 0; stage < 3; stage++)
        for (let block = 0; block < blocks; block++) {
          const path = `stage${stage}/block${block}`;
          const isFirst = stage > 0 && block === 0;
          const filters = width * 2 ** stage;
          const a = convNormActivate(net, x, `${path}/a`, { filters, kernel: 3, stride: isFirst ? 2 : 1 });
          const b = convNorm(net, a, `${path}/b`, { filters, kernel: 3 });
          const way = isFirst ? padded(net, x, `${path}/shortcut`) : x;
          x = net.activate(`${path}/act`, net.add(`${path}/add`, [b, way]));
        }
      return classify(net, x, classes);
    },
    { batchNorm: torchBatchNorm },
  );
}
