/**
 * @file MobileNetV3 (Howard et al. 2019, arXiv 1905.02244, tables 1 and 2) as torchvision has it: the candidates of that name in the space `mbconv`, where their blocks
 * stand in a readable row.
 */
import { CellwrightError, expected } from "cellwright/base";
import type { Network } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { mbconvBaseline } from "../mbconv/named.ts";

export interface MobilenetV3Options extends ClassicOptions {
  /** Default `large`. */
  readonly size?: "large" | "small";
  /** Multiplier of all filters, each rounded to a multiple of 8. Default 1; 0.75 was published too. */
  readonly width?: number;
}

/** Returns a MobileNetV3; 5.5 M parameters by default, 2.5 M `small`. Throws `space` for a size or width that there isn't, or classes that aren't a count. */
export function mobilenetV3({ size = "large", ...options }: MobilenetV3Options = {}): Network {
  if (size !== "large" && size !== "small")
    throw new CellwrightError("space", expected("mobilenet-v3: size", '"large" or "small"', size));
  return mbconvBaseline(`mobilenet-v3-${size}`, options);
}
