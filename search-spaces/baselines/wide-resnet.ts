/** @file Wide ResNet (Zagoruyko and Komodakis 2016, arXiv 1605.07146) in its form for ImageNet, as torchvision has it: wider 3x3 convolutions in the bottlenecks. */
import type { Network } from "cellwright/network";
import { resnet } from "./resnet.ts";
import type { ClassicOptions } from "./classic-options.ts";

export interface WideResnetOptions extends ClassicOptions {
  readonly depth: 50 | 101;
  /** k: times as many filters in the 3x3 convolutions. Default 2. */
  readonly widening?: number;
}

/** Returns a wide ResNet; `{ depth: 50 }` is WRN-50-2. */
export function wideResnet({ widening = 2, ...options }: WideResnetOptions): Network {
  return resnet({ ...options, bottleneck: { widening } });
}
