/**
 * @file The space of Progressive NAS (Liu et al. 2018, arXiv 1712.00559, section 3): one cell of five blocks for the whole network, eight operations, sums
 * alone. A cell of stride 2 begins every later stack, in place of a Normal one. Wiring and PNASNet-5 follow the released code (tensorflow/models,
 * research/slim/nets/nasnet/pnasnet.py).
 */
import { conv, factorized, identity, pool, separable } from "cellwright/network";
import { cells, defineSpace } from "cellwright/space";
import { nasnet, pnasnet5 } from "./nasnet.ts";
import { nasnetNetwork } from "./nasnet/network.ts";
import { scaleNasnet } from "./nasnet/scale.ts";

/** In the paper's order. `conv1x7` is a 1x7 and then a 7x1 convolution; separable ones are applied twice, as in NASNet. */
export const pnasOperations = {
  sep3: separable(3),
  sep5: separable(5),
  sep7: separable(7),
  conv1x7: factorized(7),
  identity: identity(),
  avg3: pool("avg", 3),
  max3: pool("max", 3),
  dil3: conv(3, { dilation: 2 }),
};

/** That of NASNet but for the reductions. PNASNet-5 for CIFAR has `cellsPerStack` 3 and `filters` 48. */
const skeleton = { ...nasnet.skeleton, reductionsReplaceCells: true, skipReductionLayerInput: true };

/** Returns the states that a cell puts out: all of its blocks, those that others read too. Five times its filters. */
export function pnasOutputs({ blocks }: { readonly blocks: readonly unknown[] }): readonly number[] {
  return blocks.map((_, block) => 2 + block);
}

/** 5.6e14 cells: product over b of (2 + b)^2 x 8^2. */
export const pnas = defineSpace({
  name: "pnas",
  version: 1,
  skeleton,
  decisions: { cell: cells({ blocks: 5, operations: pnasOperations, combiners: ["add"] }) },
  decode: ({ cell }, skeleton) => ({
    network: nasnetNetwork("pnas", { normal: cell, reduction: cell }, skeleton, pnasOutputs),
  }),
  scaleSkeleton: scaleNasnet,
  named: { "pnasnet-5": { cell: pnasnet5.normal } },
});
