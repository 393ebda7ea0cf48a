/** @file ResNeXt (Xie et al. 2017, arXiv 1611.05431) as torchvision has it: ResNets whose bottlenecks' 3x3 convolutions are wider and grouped. */
import type { Network } from "cellwright/network";
import { resnet } from "./resnet.ts";
import type { ClassicOptions } from "./classic-options.ts";

export interface ResnextOptions extends ClassicOptions {
  readonly depth: 50 | 101 | 152;
  /** C, the cardinality. Default 32. */
  readonly groups?: number;
  /** d: filters of each group in the first stage. Default 4. */
  readonly groupWidth?: number;
}

/** Returns a ResNeXt; `{ depth: 50, groups: 32, groupWidth: 4 }` is the paper's ResNeXt-50 (32x4d). */
export function resnext({ groups = 32, groupWidth = 4, ...options }: ResnextOptions): Network {
  return resnet({ ...options, bottleneck: { groups, widening: (groups * groupWidth) / 64 } });
}
