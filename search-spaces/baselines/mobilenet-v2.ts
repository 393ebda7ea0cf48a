/**
 * @file MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381, table 2) as torchvision has it: the candidate of that name in the space `mbconv`, where its blocks
 * stand in a readable row.
 */
import type { Network } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { mbconvBaseline } from "../mbconv/named.ts";

export interface MobilenetV2Options extends ClassicOptions {
  /** Multiplier of all filters, each rounded to a multiple of 8; the last convolution only grows. Default 1; 0.35, 0.5, 0.75, 1.3 and 1.4 were published too. */
  readonly width?: number;
}

/** Returns a MobileNetV2; 3.5 M parameters by default. Throws `space` for a width that isn't above 0 and up to 16, or classes that aren't a count. */
export function mobilenetV2(options: MobilenetV2Options = {}): Network {
  return mbconvBaseline("mobilenet-v2", options);
}
