/** @file One stage of a chain of modules: which module, how many, how wide; and what has to stand between two stages of different kinds. */
import { unreachable } from "cellwright/base";
import type { NetworkBuilder, Tensor } from "cellwright/network";
import { denseStage, inceptionBlock, invertedBlock, plainBlock, separableBlock } from "./classics.ts";
import { normActivate } from "./layers.ts";
import { basicBlock, bottleneckBlock, preActivationBlock } from "./residual.ts";
import { splitShuffleUnit } from "./shuffle.ts";

/** A module as `decode` sees it. */
export type Module =
  | { readonly kind: "plain" | "inception" | "preActivation" | "separable" | "shuffle" }
  | { readonly kind: "dense" }
  | { readonly kind: "basic" | "bottleneck"; readonly squeeze: boolean }
  | { readonly kind: "aggregated"; readonly groups: number }
  | { readonly kind: "inverted"; readonly kernel: number; readonly expansion: number; readonly squeeze: boolean };

export interface StageSite {
  readonly path: string;
  /** Channels of the output, a multiple of 8. */
  readonly filters: number;
  /** Modules of the stage. */
  readonly depth: number;
  /** Of the first module. */
  readonly stride: 1 | 2;
}

/** What a tensor still needs before a convolution that takes it as it comes: nothing, an activation, or batch norm and activation. */
export type Lack = "nothing" | "activation" | "norm";

const lacks: readonly Lack[] = ["nothing", "activation", "norm"];

/** What a module's input may lack, since it begins with that itself, and what its output lacks. */
export function lackOf({ kind }: Module): Lack {
  if (kind === "preActivation" || kind === "dense") return "norm";
  return kind === "separable" || kind === "inverted" ? "activation" : "nothing";
}

/** Adds what `x` lacks unless what follows may lack it. */
export function completed(net: NetworkBuilder, x: Tensor, path: string, lack: Lack, allowed: Lack): Tensor {
  if (lacks.indexOf(lack) <= lacks.indexOf(allowed)) return x;
  return lack === "norm" ? normActivate(net, x, path) : net.activate(`${path}/act`, x);
}

/** Adds the modules of a stage. */
export function addStage(net: NetworkBuilder, x: Tensor, module: Module, site: StageSite): Tensor {
  // Its layers read one another, so that they are one.
  if (module.kind === "dense") return denseStage(net, x, site);
  let last = x;
  for (let block = 0; block < site.depth; block++)
    last = addBlock(net, last, module, {
      path: `${site.path}/block${block}`,
      filters: site.filters,
      stride: block === 0 ? site.stride : 1,
      isFirst: block === 0,
    });
  return last;
}

interface BlockPlace {
  readonly path: string;
  readonly filters: number;
  readonly stride: 1 | 2;
  readonly isFirst: boolean;
}

/** r of squeeze and excitation in residual blocks. */
const REDUCTION = 16;

function addBlock(
  net: NetworkBuilder,
  x: Tensor,
  module: Exclude<Module, { readonly kind: "dense" }>,
  place: BlockPlace,
): Tensor {
  const { isFirst, ...site } = place;
  const { filters } = site;
  const squeeze = "squeeze" in module && module.squeeze ? Math.max(1, Math.round(filters / REDUCTION)) : undefined;
  switch (module.kind) {
    case "plain":
      return plainBlock(net, x, site);
    case "inception":
      return inceptionBlock(net, x, site);
    case "basic":
      return basicBlock(net, x, { ...site, squeeze });
    case "bottleneck":
      return bottleneckBlock(net, x, { ...site, middle: filters / 4, squeeze });
    case "preActivation":
      return preActivationBlock(net, x, { ...site, middle: filters / 4, projects: isFirst });
    case "aggregated": {
      // ResNeXt's 3x3 convolutions have half of the output's channels; every group has one at least.
      const { groups } = module;
      return bottleneckBlock(net, x, { ...site, middle: groups * Math.ceil(filters / 2 / groups), groups });
    }
    case "separable":
      return separableBlock(net, x, site);
    case "inverted":
      return invertedBlock(net, x, { ...site, ...module });
    case "shuffle":
      return splitShuffleUnit(net, x, site);
    default:
      return unreachable(module);
  }
}
