/** @file Networks by name: published architectures at the sizes they were published at. `cellwright profile <id>` and the golden tests read this registry. */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network } from "cellwright/network";
import { classicNetworks } from "./baselines/classics.ts";
import { residualNetworks } from "./baselines/residual.ts";
import { darts, type DartsSkeleton } from "./darts.ts";
import {
  candidateNetwork,
  efficientnetCandidates,
  mbconvCandidates,
  mbconvWidths,
  type NamedCandidate,
} from "./mbconv/named.ts";
import { dartsSupernet } from "./darts/supernet.ts";
import { modules } from "./modules.ts";
import { nasnet } from "./nasnet.ts";
import { auxiliaryHead, type NasnetSkeleton } from "./nasnet/network.ts";
import { pnas } from "./pnas.ts";

function nasnetA(skeleton: Partial<NasnetSkeleton>): NamedCandidate {
  return { space: nasnet, genotype: nasnet.named["nasnet-a"] ?? {}, skeleton };
}

const cifar: Partial<NasnetSkeleton> = { cellsPerStack: 6, filters: 32 };

const imagenet: Partial<NasnetSkeleton> = {
  classes: 1000,
  stem: "imagenet",
  batchNorm: { epsilon: 1e-3, momentum: 0.9997 },
};

function dartsNamed(genotype: "darts-v1" | "darts-v2", skeleton: Partial<DartsSkeleton> = {}): NamedCandidate {
  return { space: darts, genotype: darts.named[genotype] ?? {}, skeleton };
}

function pnasnet5(skeleton: Partial<typeof pnas.skeleton>): NamedCandidate {
  return {
    space: pnas,
    genotype: pnas.named["pnasnet-5"] ?? {},
    skeleton: { ...imagenet, dropout: 0.5, ...skeleton },
  };
}

/** Of the papers' residual networks. */
const resnetSkeleton = { input: [224, 224, 3], classes: 1000, stem: "imagenet", filters: 64 };

/** Published networks that are candidates of a space: they can be decoded at other sizes too. */
const candidates: Readonly<Record<string, NamedCandidate>> = {
  "nasnet-a-cifar": nasnetA(cifar),
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
  "pnasnet-5-mobile": pnasnet5({
    input: [224, 224, 3],
    cellsPerStack: 3,
    filters: 54,
    stemMultiplier: 1,
    dropPath: false,
  }),
  "pnasnet-5-large": pnasnet5({ input: [331, 331, 3], cellsPerStack: 4, filters: 216, stemMultiplier: 3 }),
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
  ...efficientnetCandidates,
  ...Object.fromEntries(
    Object.entries(modules.named).map(([id, genotype]) => [id, { space: modules, genotype, skeleton: resnetSkeleton }]),
  ),
};

/** Id to a function that builds it; what is of a baseline's own is built by that. */
const builders: Readonly<Record<string, () => Network>> = {
  /** The auxiliary head of `nasnet-a-cifar` alone, on what the last cell before the second reduction gives. */
  "nasnet-a-cifar-aux-head": () =>
    network("head", [16, 16, 384], (net) => auxiliaryHead(net, net.input, { classes: 10 }), {
      batchNorm: nasnet.skeleton.batchNorm,
    }),
  "darts-supernet": () => dartsSupernet(),
  ...Object.fromEntries(
    Object.entries(candidates).map(([id, candidate]) => [id, () => candidateNetwork(candidate)] as const),
  ),
  ...classicNetworks,
  ...residualNetworks,
};

/** Those that come at any width: id to a function of the multiplier, which `id@multiplier` gives. */
const widths: Readonly<Record<string, (multiplier: number) => Network>> = {
  ...mbconvWidths,
};

/** Id to a function that builds the network, named by its id. A space or baseline adds its own; ids are those of the published tables. */
export const namedNetworks: Readonly<Record<string, () => Network>> = Object.fromEntries([
  ...Object.entries(builders).map(([id, build]) => [id, () => ({ ...build(), name: id })] as const),
  ...Object.entries(widths).map(([id, build]) => [id, () => ({ ...build(1), name: id })] as const),
]);

/** Wider than anything published; filters by the hundred thousand are nobody's wish. */
const MAX_MULTIPLIER = 16;

const MULTIPLIER = /^(\d+(\.\d*)?|\.\d+)$/;

/**
 * Returns the network of a name: `efficientnet-b4`, or `mobilenet-v2@1.4` for its filters times 1.4, rounded as published. Undefined for a name that isn't one.
 * Throws `config` for a multiplier that isn't a number above 0 and up to 16, for one that a network of a few published widths hasn't, and for a network that has none.
 */
export function namedNetwork(id: string): Network | undefined {
  // Some come at a few widths alone, each a name of its own: shufflenet-v2@2.0.
  if (Object.hasOwn(namedNetworks, id)) return namedNetworks[id]?.();
  const at = id.indexOf("@");
  const name = at < 0 ? id : id.slice(0, at);
  if (at < 0 || !Object.hasOwn(namedNetworks, name)) return undefined;
  const build = Object.hasOwn(widths, name) ? widths[name] : undefined;
  const text = id.slice(at + 1);
  const multiplier = MULTIPLIER.test(text) ? Number(text) : Number.NaN;
  if (build === undefined) {
    const published = Object.keys(namedNetworks).filter((each) => each.startsWith(`${name}@`));
    const same = published.find((each) => Number(each.slice(at + 1)) === multiplier);
    if (same !== undefined) return { ...(namedNetworks[same] as () => Network)(), name: id };
    const those =
      published.length > 0
        ? `a multiplier of ${published.map((each) => each.slice(at + 1)).join(", ")}`
        : `no multiplier, which only ${Object.keys(widths).join(", ")} have`;
    throw new CellwrightError("config", expected(id, those, text));
  }
  if (!(multiplier > 0 && multiplier <= MAX_MULTIPLIER)) {
    const what = `a multiplier above 0 and up to ${MAX_MULTIPLIER}, such as ${name}@0.5`;
    throw new CellwrightError("config", expected(id, what, text));
  }
  return { ...build(multiplier), name: id };
}

/**
 * Returns space, genotype and skeleton of a published network, as far as it is a candidate of a space: `nasnet-a-mobile`, `efficientnet-b0`,
 * `mobilenet-v2`. Undefined for any other name.
 */
export function namedCandidate(id: string): NamedCandidate | undefined {
  if (Object.hasOwn(candidates, id)) return candidates[id];
  return Object.hasOwn(mbconvCandidates, id) ? mbconvCandidates[id]?.(1) : undefined;
}
