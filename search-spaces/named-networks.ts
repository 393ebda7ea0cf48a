/** @file Networks by name: published architectures at the sizes they were published at. `cellwright profile <id>` and the golden tests read this registry. */
import { network, type Network } from "cellwright/network";
import { darts, type DartsSkeleton } from "./darts.ts";
import { nasnet } from "./nasnet.ts";
import { auxiliaryHead, type NasnetSkeleton } from "./nasnet/network.ts";

function nasnetA(skeleton: Partial<NasnetSkeleton>): () => Network {
  return () => nasnet.decode(nasnet.named["nasnet-a"] ?? {}, skeleton).network;
}

const cifar: Partial<NasnetSkeleton> = { cellsPerStack: 6, filters: 32 };

const imagenet: Partial<NasnetSkeleton> = {
  classes: 1000,
  stem: "imagenet",
  batchNorm: { epsilon: 1e-3, momentum: 0.9997 },
};

function dartsNamed(genotype: "darts-v1" | "darts-v2", skeleton: Partial<DartsSkeleton> = {}): () => Network {
  return () => darts.decode(darts.named[genotype] ?? {}, skeleton).network;
}

const builders: Readonly<Record<string, () => Network>> = {
  "nasnet-a-cifar": nasnetA(cifar),
  /** The auxiliary head of `nasnet-a-cifar` alone, on what the last cell before the second reduction gives. */
  "nasnet-a-cifar-aux-head": () =>
    network("head", [16, 16, 384], (net) => auxiliaryHead(net, net.input, { classes: 10 }), {
      batchNorm: nasnet.skeleton.batchNorm,
    }),
  "nasnet-a-cifar-100": nasnetA({ ...cifar, classes: 100 }),
  "nasnet-a-proxy-n2-f32": nasnetA({ cellsPerStack: 2, filters: 32 }),
  "nasnet-a-proxy-n2-f16": nasnetA({ cellsPerStack: 2, filters: 16 }),
  "nasnet-a-proxy-n3-f24": nasnetA({ cellsPerStack: 3, filters: 24 }),
  "nasnet-a-mobile": nasnetA({
    ...imagenet,
    input: [224, 224, 3],
    cellsPerStack: 4,
    filters: 44,
    stemMultiplier: 1,
    dropPath: false,
    dropout: 0.5,
  }),
  "nasnet-a-large": nasnetA({
    ...imagenet,
    input: [331, 331, 3],
    cellsPerStack: 6,
    filters: 168,
    stemMultiplier: 3,
    skipReductionLayerInput: true,
    dropout: 0.5,
  }),
  "darts-v1-cifar": dartsNamed("darts-v1"),
  "darts-v2-cifar": dartsNamed("darts-v2"),
  "darts-v2-imagenet": dartsNamed("darts-v2", {
    input: [224, 224, 3],
    classes: 1000,
    cells: 14,
    filters: 48,
    stem: "imagenet",
    dropPath: false,
  }),
  "darts-v2-proxy": dartsNamed("darts-v2", { cells: 8, filters: 16 }),
};

/** Id to a function that builds the network, named by its id. A space or baseline adds its own; ids are those of the published tables. */
export const namedNetworks: Readonly<Record<string, () => Network>> = Object.fromEntries(
  Object.entries(builders).map(([id, build]) => [id, () => ({ ...build(), name: id })]),
);
