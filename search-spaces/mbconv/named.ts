/** @file The published networks of mobile inverted bottlenecks by name, with the paddings and batch norms of the implementations that their counts are of. */
import type { Network } from "cellwright/network";
import type { AnySpace, Genotype, SkeletonBase } from "cellwright/space";
import type { ClassicOptions } from "../baselines/classic-options.ts";
import { mobilenetV1 } from "../baselines/mobilenet-v1.ts";
import { efficientnet, efficientnetSkeletons } from "../efficientnet.ts";
import { mbconv, type MbconvSpaceSkeleton } from "../mbconv.ts";
import { mnasnet, mnasnetSmallSkeleton, type MnasnetSkeleton } from "../mnasnet.ts";
import { imagenetSkeleton } from "./skeleton.ts";

/** Torch's defaults. */
const torch = { ...imagenetSkeleton, padding: "symmetric", batchNorm: { epsilon: 1e-5, momentum: 0.9 } } as const;

/** A published network of a space: what decodes to it. */
export interface NamedCandidate {
  readonly space: AnySpace;
  readonly genotype: Genotype;
  /** The size it was published at, as far as that differs from the space's default. */
  readonly skeleton: SkeletonBase;
}

function mobilenet(genotype: string, skeleton: Partial<MbconvSpaceSkeleton>): (width: number) => NamedCandidate {
  return (width) => ({
    space: mbconv,
    genotype: mbconv.named[genotype] ?? {},
    skeleton: { ...torch, ...skeleton, width },
  });
}

function mnas(genotype: string, skeleton: Partial<MnasnetSkeleton>): (width: number) => NamedCandidate {
  return (width) => ({
    space: mnasnet,
    genotype: mnasnet.named[genotype] ?? {},
    skeleton: { ...torch, ...skeleton, width },
  });
}

/** torchvision's: narrower ones have a narrower end too, which the paper's haven't. */
const v3 = { widens: "expanded", batchNorm: { epsilon: 1e-3, momentum: 0.99 } } as const;

/** Id to a function of the width multiplier, of those that are of a space. */
export const mbconvCandidates: Readonly<Record<string, (width: number) => NamedCandidate>> = {
  "mobilenet-v2": mobilenet("mobilenet-v2", {}),
  "mobilenet-v3-large": mobilenet("mobilenet-v3-large", v3),
  "mobilenet-v3-small": mobilenet("mobilenet-v3-small", v3),
  "mnasnet-a1": mnas("mnasnet-a1", {}),
  "mnasnet-b1": mnas("mnasnet-b1", { batchNorm: { epsilon: 1e-5, momentum: 0.9997 } }),
  "mnasnet-small": mnas("mnasnet-small", mnasnetSmallSkeleton),
};

/** Returns the network of a candidate. */
export function candidateNetwork({ space, genotype, skeleton }: NamedCandidate): Network {
  return space.decode(genotype, skeleton).network as Network;
}

/** Returns a published network of the space `mbconv` as a baseline: on images and classes of one's own. */
export function mbconvBaseline(
  id: "mobilenet-v2" | "mobilenet-v3-large" | "mobilenet-v3-small",
  { input = [224, 224, 3], classes = 1000, width = 1 }: ClassicOptions & { readonly width?: number },
): Network {
  const { space, genotype, skeleton } = (mbconvCandidates[id] as (width: number) => NamedCandidate)(width);
  return { ...candidateNetwork({ space, genotype, skeleton: { ...skeleton, input, classes } }), name: id };
}

/** Id to a function of the width multiplier. */
export const mbconvWidths: Readonly<Record<string, (width: number) => Network>> = {
  "mobilenet-v1": (width) => mobilenetV1({ width }),
  ...Object.fromEntries(
    Object.entries(mbconvCandidates).map(([id, at]) => [id, (width: number) => candidateNetwork(at(width))] as const),
  ),
};

/** `efficientnet-b0` to `efficientnet-b7`. */
export const efficientnetCandidates: Readonly<Record<string, NamedCandidate>> = Object.fromEntries(
  efficientnetSkeletons.map((skeleton, i) => [
    `efficientnet-b${i}`,
    { space: efficientnet, genotype: efficientnet.named["efficientnet-b0"] ?? {}, skeleton: skeleton as SkeletonBase },
  ]),
);
