/**
 * @file The space of AmoebaNet (Real, Aggarwal, Huang and Le 2019, arXiv 1802.01548, section 3.1): that of NASNet with eight operations and sums alone. Its
 * search is `agingEvolution`: a hidden state or an operation of one cell changes at a time. AmoebaNet-A and C follow the released code
 * (tensorflow/tpu, models/official/amoeba_net), as does the narrow 1x7: with both the published sizes come out.
 */
import { conv, factorized, identity, pool, separable, type Layer } from "cellwright/network";
import { cells, defineSpace, type NamedCell } from "cellwright/space";
import { describeCell } from "./describe.ts";
import { nasnet } from "./nasnet.ts";
import { nasnetNetwork } from "./nasnet/network.ts";
import { scaleNasnet } from "./nasnet/scale.ts";

/** A 1x7 and then a 7x1 convolution at a quarter of the filters, between two of 1x1; with fewer than four filters without those. */
const narrow1x7: Layer = (net, x, { path, filters, stride }) => {
  const quarter = Math.floor(filters / 4);
  if (quarter === 0) return factorized(7)(net, x, { path, filters, stride });
  const narrow = conv(1)(net, x, { path: `${path}/narrow`, filters: quarter, stride: 1 });
  const crossed = factorized(7)(net, narrow, { path, filters: quarter, stride });
  return conv(1)(net, crossed, { path: `${path}/widen`, filters, stride: 1 });
};

/** In the paper's order. Separable ones are applied twice, as in NASNet. */
export const amoebanetOperations = {
  identity: identity(),
  sep3: separable(3),
  sep5: separable(5),
  sep7: separable(7),
  avg3: pool("avg", 3),
  max3: pool("max", 3),
  dilsep3: separable(3, { dilation: 2 }),
  conv1x7: narrow1x7,
};

const cell = cells({ blocks: 5, operations: amoebanetOperations, combiners: ["add"] });

type AmoebanetCell = NamedCell<keyof typeof amoebanetOperations, "add">;

const amoebanetA = {
  normal: {
    blocks: [
      { leftInput: 0, rightInput: 0, leftOperation: "avg3", rightOperation: "max3" },
      { leftInput: 1, rightInput: 1, leftOperation: "sep3", rightOperation: "identity" },
      { leftInput: 0, rightInput: 1, leftOperation: "identity", rightOperation: "avg3" },
      { leftInput: 0, rightInput: 2, leftOperation: "sep3", rightOperation: "sep5" },
      { leftInput: 5, rightInput: 0, leftOperation: "avg3", rightOperation: "sep3" },
    ],
  },
  reduction: {
    blocks: [
      { leftInput: 1, rightInput: 0, leftOperation: "sep3", rightOperation: "avg3" },
      { leftInput: 0, rightInput: 2, leftOperation: "max3", rightOperation: "sep7" },
      { leftInput: 1, rightInput: 0, leftOperation: "max3", rightOperation: "max3" },
      { leftInput: 4, rightInput: 0, leftOperation: "sep3", rightOperation: "conv1x7" },
      { leftInput: 1, rightInput: 0, leftOperation: "avg3", rightOperation: "sep7" },
    ],
  },
} as const satisfies Record<string, AmoebanetCell>;

const amoebanetC = {
  normal: {
    blocks: [
      { leftInput: 0, rightInput: 0, leftOperation: "avg3", rightOperation: "sep3" },
      { leftInput: 0, rightInput: 0, leftOperation: "identity", rightOperation: "sep3" },
      { leftInput: 2, rightInput: 1, leftOperation: "avg3", rightOperation: "sep3" },
      { leftInput: 0, rightInput: 1, leftOperation: "identity", rightOperation: "sep3" },
      { leftInput: 3, rightInput: 0, leftOperation: "avg3", rightOperation: "sep3" },
    ],
  },
  reduction: {
    blocks: [
      { leftInput: 0, rightInput: 0, leftOperation: "max3", rightOperation: "max3" },
      { leftInput: 2, rightInput: 0, leftOperation: "sep7", rightOperation: "sep3" },
      { leftInput: 0, rightInput: 1, leftOperation: "sep7", rightOperation: "max3" },
      { leftInput: 4, rightInput: 4, leftOperation: "sep5", rightOperation: "sep5" },
      { leftInput: 1, rightInput: 1, leftOperation: "max3", rightOperation: "sep3" },
    ],
  },
} as const satisfies Record<string, AmoebanetCell>;

/** What the released cells put out: not always what no block reads. */
const RELEASED_OUTPUTS: ReadonlyMap<string, readonly number[]> = new Map([
  [describeCell(amoebanetA.normal), [1, 3, 4, 6]],
  [describeCell(amoebanetA.reduction), [2, 3, 4, 5, 6]],
  [describeCell(amoebanetC.normal), [1, 2, 4, 5, 6]],
  [describeCell(amoebanetC.reduction), [0, 2, 3, 4, 5, 6]],
]);

/** Returns the states that a cell concatenates to its output: its loose ends, as the paper says, or what was released. */
export function amoebanetOutputs(
  cell: NamedCell<string, string> & { readonly looseEnds: readonly number[] },
): readonly number[] {
  return RELEASED_OUTPUTS.get(describeCell(cell)) ?? cell.looseEnds;
}

/** 5.6e14 cells of each kind: product over b of (2 + b)^2 x 8^2. */
export const amoebanet = defineSpace({
  name: "amoebanet",
  version: 2,
  skeleton: nasnet.skeleton,
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => ({ network: nasnetNetwork("amoebanet", choices, skeleton, amoebanetOutputs) }),
  scaleSkeleton: scaleNasnet,
  named: { "amoebanet-a": amoebanetA, "amoebanet-c": amoebanetC },
});
