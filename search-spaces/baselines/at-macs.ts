/** @file A baseline as costly as a candidate: what a found network should beat at the same multiply-accumulates. */
import { costOf, type Network } from "cellwright/network";
import { resnet } from "./resnet.ts";

export interface BaselineAtMacs {
  readonly network: Network;
  /** Filters of its first stage. */
  readonly width: number;
}

/**
 * Returns ResNet-18 in its form for CIFAR-10, as wide as comes nearest to `macs` multiply-accumulates on such images; of width 1 where that is too many
 * already. Sizes some thirty networks, a few milliseconds each.
 */
export function resnet18AtMacs(
  macs: number,
  { input, classes }: { readonly input: readonly [number, number, number]; readonly classes: number },
): BaselineAtMacs {
  const at = (width: number): Network => resnet({ depth: 18, input, classes, width, stem: "cifar" });
  const costAt = (width: number): number => costOf(at(width)).macs;
  let high = 1;
  while (costAt(high) < macs) high *= 2;
  let low = Math.max(1, high / 2);
  // The cost grows with the width: what costs `macs` lies between the two.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (costAt(middle) < macs) low = middle;
    else high = middle;
  }
  const width = macs - costAt(low) <= costAt(high) - macs ? low : high;
  return { network: { ...at(width), name: `resnet-18-cifar, width ${width}` }, width };
}
