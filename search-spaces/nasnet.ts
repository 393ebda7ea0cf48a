/**
 * @file The NASNet search space (Zoph, Vasudevan, Shlens and Le 2018, arXiv 1707.07012): a Normal and a Reduction cell of five blocks each, stacked.
 * Wiring and NASNet-A follow the released code (tensorflow/models, research/slim/nets/nasnet), on which every published size depends.
 *
 * Hidden state 0 of a cell is its current input, 1 the previous cell's, 2 + b the output of block b. Every operation brings its state to the cell's
 * filters F: where an operation can't (identity, pools), a 1x1 convolution does (`cellwright/network`, layers). So the result of a `concat`
 * combiner, 2F channels, needs nothing of its own: whoever reads it maps it to F, and as a loose end it is concatenated as it is.
 */
import { conv, factorized, identity, pool, separable } from "cellwright/network";
import { cells, defineSpace, type Cell, type Genotype, type NamedCell } from "cellwright/space";
import { describeCell } from "./describe.ts";
import { nasnetNetwork, type NasnetSkeleton } from "./nasnet/network.ts";
import { scaleNasnet } from "./nasnet/scale.ts";

/** The thirteen operations of section 3.1, in its order. `conv1x7` is a 1x7 and then a 7x1 convolution; separable ones are applied twice. */
export const nasnetOperations = {
  identity: identity(),
  conv1x3: factorized(3),
  conv1x7: factorized(7),
  dil3: conv(3, { dilation: 2 }),
  avg3: pool("avg", 3),
  max3: pool("max", 3),
  max5: pool("max", 5),
  max7: pool("max", 7),
  conv1: conv(1),
  conv3: conv(3),
  sep3: separable(3),
  sep5: separable(5),
  sep7: separable(7),
};

const cell = cells({ blocks: 5, operations: nasnetOperations, combiners: ["add", "concat"] });

/** A cell as `decode` sees it. */
export type NasnetCell = Cell<typeof nasnetOperations, "add" | "concat">;

/**
 * NASNet-A, the best architecture the paper's search found (section 4, figure 4; the released code's `NasNetANormalCell` and `NasNetAReductionCell`).
 * A combiner that isn't named is `add`.
 */
export const nasnetA = {
  normal: {
    blocks: [
      { leftInput: 0, rightInput: 1, leftOperation: "sep5", rightOperation: "sep3" },
      { leftInput: 1, rightInput: 1, leftOperation: "sep5", rightOperation: "sep3" },
      { leftInput: 0, rightInput: 1, leftOperation: "avg3", rightOperation: "identity" },
      { leftInput: 1, rightInput: 1, leftOperation: "avg3", rightOperation: "avg3" },
      { leftInput: 0, rightInput: 0, leftOperation: "sep3", rightOperation: "identity" },
    ],
  },
  reduction: {
    blocks: [
      { leftInput: 0, rightInput: 1, leftOperation: "sep5", rightOperation: "sep7" },
      { leftInput: 0, rightInput: 1, leftOperation: "max3", rightOperation: "sep7" },
      { leftInput: 0, rightInput: 1, leftOperation: "avg3", rightOperation: "sep5" },
      { leftInput: 3, rightInput: 2, leftOperation: "identity", rightOperation: "avg3" },
      { leftInput: 2, rightInput: 0, leftOperation: "sep3", rightOperation: "max3" },
    ],
  },
} as const satisfies Record<string, NamedCell<keyof typeof nasnetOperations, "add" | "concat">>;

/** The cell of PNASNet-5 (Liu et al. 2018, arXiv 1712.00559, figure 1; the released `PNasNetNormalCell`), the same for both kinds. */
const pnasnet5Cell = {
  blocks: [
    { leftInput: 1, rightInput: 1, leftOperation: "sep5", rightOperation: "max3" },
    { leftInput: 0, rightInput: 0, leftOperation: "sep7", rightOperation: "max3" },
    { leftInput: 0, rightInput: 0, leftOperation: "sep5", rightOperation: "sep3" },
    { leftInput: 4, rightInput: 0, leftOperation: "sep3", rightOperation: "max3" },
    { leftInput: 1, rightInput: 0, leftOperation: "sep3", rightOperation: "identity" },
  ],
} as const satisfies NamedCell<keyof typeof nasnetOperations, "add">;

export const pnasnet5 = { normal: pnasnet5Cell, reduction: pnasnet5Cell };

/**
 * What the released cells put out. By the paper's rule (every state that no block reads) the Normal cell would leave out state 1
 * and the Reduction cell state 3, which blocks read; the released code, whose sizes are the published ones, concatenates them too. PNASNet's puts
 * out all of its blocks.
 */
const RELEASED_OUTPUTS: ReadonlyMap<string, readonly number[]> = new Map([
  [describeCell(nasnetA.normal), [1, 2, 3, 4, 5, 6]],
  [describeCell(nasnetA.reduction), [3, 4, 5, 6]],
  [describeCell(pnasnet5Cell), [2, 3, 4, 5, 6]],
]);

/** Returns the states that a cell concatenates to its output: its loose ends, or what was released for the cells of NASNet-A and PNASNet-5. */
export function nasnetOutputs(
  cell: NamedCell<string, string> & { readonly looseEnds: readonly number[] },
): readonly number[] {
  return RELEASED_OUTPUTS.get(describeCell(cell)) ?? cell.looseEnds;
}

/** The CIFAR network of the paper at a size for searching; NASNet-A (6 @ 768) has `cellsPerStack` 6 and `filters` 32. */
const skeleton = {
  input: [32, 32, 3],
  classes: 10,
  cellsPerStack: 2,
  filters: 16,
  stacks: 3,
  stem: "cifar" as "cifar" | "imagenet",
  stemMultiplier: 3,
  skipReductionLayerInput: false,
  auxiliary: false,
  dropPath: true,
  dropout: 0,
  batchNorm: { epsilon: 1e-5, momentum: 0.9 },
} satisfies NasnetSkeleton;

/** 2.3e18 cells each: product over b of (2 + b)^2 x 13^2 x 2. */
const decisions = { normal: cell, reduction: cell };

/** The NASNet space: 5.2e36 pairs of cells. */
export const nasnet = defineSpace({
  name: "nasnet",
  version: 1,
  skeleton,
  decisions,
  decode: (choices, skeleton) => ({ network: nasnetNetwork("nasnet", choices, skeleton, nasnetOutputs) }),
  scaleSkeleton: scaleNasnet,
  named: { "nasnet-a": nasnetA, "pnasnet-5": pnasnet5 },
});

/** Returns the two cells of a genotype, typed, for drawings and tables. Throws `space` unless the genotype is valid. */
export function nasnetCells(genotype: Genotype): { readonly normal: NasnetCell; readonly reduction: NasnetCell } {
  return cellsOnly.decode(genotype).network;
}

const cellsOnly = defineSpace({
  name: nasnet.name,
  version: nasnet.version,
  skeleton: {},
  decisions,
  decode: (choices) => ({ network: choices }),
});
