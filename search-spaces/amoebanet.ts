/**
 * @file The space of AmoebaNet (Real, Aggarwal, Huang and Le 2019, arXiv 1802.01548, section 3.1): that of NASNet with eight operations and sums alone. Its
 * search is `agingEvolution`: a hidden state or an operation of one cell changes at a time.
 */
import { factorized, identity, pool, separable } from "cellwright/network";
import { cells, defineSpace } from "cellwright/space";
import { nasnet } from "./nasnet.ts";
import { nasnetNetwork } from "./nasnet/network.ts";
import { scaleNasnet } from "./nasnet/scale.ts";

/** In the paper's order. `conv1x7` is a 1x7 and then a 7x1 convolution; separable ones are applied twice, as in NASNet. */
export const amoebanetOperations = {
  identity: identity(),
  sep3: separable(3),
  sep5: separable(5),
  sep7: separable(7),
  avg3: pool("avg", 3),
  max3: pool("max", 3),
  dilsep3: separable(3, { dilation: 2 }),
  conv1x7: factorized(7),
};

const cell = cells({ blocks: 5, operations: amoebanetOperations, combiners: ["add"] });

/** 5.6e14 cells of each kind: product over b of (2 + b)^2 x 8^2. The loose ends are concatenated, as the paper says. */
export const amoebanet = defineSpace({
  name: "amoebanet",
  version: 1,
  skeleton: nasnet.skeleton,
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => ({ network: nasnetNetwork("amoebanet", choices, skeleton) }),
  scaleSkeleton: scaleNasnet,
});
