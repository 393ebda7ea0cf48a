/**
 * @file SE-ResNet (Hu et al. 2018, arXiv 1709.01507) as timm has it: ResNets with squeeze and excitation at the end of every block, r = 16. Of 64 channels r leaves 4 here, as
 * the paper has it; timm rounds that up to 8, which only depths 18 and 34 show.
 */
import type { Network } from "cellwright/network";
import { resnet, type ResnetOptions } from "./resnet.ts";
import type { ClassicOptions } from "./classic-options.ts";

export interface SeResnetOptions extends ClassicOptions {
  readonly depth: ResnetOptions["depth"];
  /** r in the paper: how many times fewer channels stand between the two convolutions. Default 16. */
  readonly reduction?: number;
}

/** Returns an SE-ResNet. */
export function seResnet({ reduction = 16, ...options }: SeResnetOptions): Network {
  return resnet({ ...options, squeeze: 1 / reduction });
}
