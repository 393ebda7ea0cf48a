/** @file The published networks of mobile inverted bottlenecks by name, with the paddings and batch norms of the implementations that their counts are of. */
import type { Network } from "cellwright/network";
import { mobilenetV1 } from "../baselines/mobilenet-v1.ts";
import { efficientnet, efficientnetSkeletons } from "../efficientnet.ts";
import { mbconv, type MbconvSpaceSkeleton } from "../mbconv.ts";
import { mnasnet, mnasnetSmallSkeleton, type MnasnetSkeleton } from "../mnasnet.ts";
import { imagenetSkeleton } from "./skeleton.ts";

/** Torch's defaults. */
const torch = { ...imagenetSkeleton, padding: "symmetric", batchNorm: { epsilon: 1e-5, momentum: 0.9 } } as const;

function mobilenet(genotype: string, skeleton: Partial<MbconvSpaceSkeleton>): (width: number) => Network {
  return (width) => mbconv.decode(mbconv.named[genotype] ?? {}, { ...torch, ...skeleton, width }).network;
}

function mnas(genotype: string, skeleton: Partial<MnasnetSkeleton>): (width: number) => Network {
  return (width) => mnasnet.decode(mnasnet.named[genotype] ?? {}, { ...torch, ...skeleton, width }).network;
}

/** torchvision's: narrower ones have a narrower end too, which the paper's haven't. */
const v3 = { widens: "expanded", batchNorm: { epsilon: 1e-3, momentum: 0.99 } } as const;

/** Id to a function of the width multiplier. */
export const mbconvWidths: Readonly<Record<string, (width: number) => Network>> = {
  "mobilenet-v1": (width) => mobilenetV1({ width }),
  "mobilenet-v2": mobilenet("mobilenet-v2", {}),
  "mobilenet-v3-large": mobilenet("mobilenet-v3-large", v3),
  "mobilenet-v3-small": mobilenet("mobilenet-v3-small", v3),
  "mnasnet-a1": mnas("mnasnet-a1", {}),
  "mnasnet-b1": mnas("mnasnet-b1", { batchNorm: { epsilon: 1e-5, momentum: 0.9997 } }),
  "mnasnet-small": mnas("mnasnet-small", mnasnetSmallSkeleton),
};

/** `efficientnet-b0` to `efficientnet-b7`. */
export const efficientnets: Readonly<Record<string, () => Network>> = Object.fromEntries(
  efficientnetSkeletons.map((skeleton, i) => [
    `efficientnet-b${i}`,
    () => efficientnet.decode(efficientnet.named["efficientnet-b0"] ?? {}, skeleton).network,
  ]),
);
