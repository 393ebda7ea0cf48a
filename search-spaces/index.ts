/** @file Public entry `cellwright/spaces`: search spaces, their published genotypes, and networks by name. */
export { amoebanet, amoebanetOperations } from "./amoebanet.ts";
export { darts, dartsOperations, type DartsOperation, type DartsSkeleton } from "./darts.ts";
export { describeCell, describeGenotype } from "./describe.ts";
export {
  efficientnet,
  efficientnetSkeletons,
  efficientnetText,
  parseEfficientnet,
  type EfficientnetSkeleton,
} from "./efficientnet.ts";
export { mbconv, type MbconvSpaceSkeleton } from "./mbconv.ts";
export { addBlock, type BlockSite, type MbconvBlock, type Squeeze } from "./mbconv/block.ts";
export { blockText, parseBlock, type BlockSpec } from "./mbconv/block-string.ts";
export { roundFilters, roundRepeats } from "./mbconv/rounding.ts";
export { imagenetSkeleton, type MbconvSkeleton } from "./mbconv/skeleton.ts";
export { mnasnet, mnasnetOperations, mnasnetSmallSkeleton, type MnasnetSkeleton } from "./mnasnet.ts";
export { mobilenetV1, type MobilenetV1Options } from "./baselines/mobilenet-v1.ts";
export { namedNetwork, namedNetworks } from "./named-networks.ts";
export {
  nasBench201,
  nasBench201Class,
  nasBench201Operations,
  nasBench201Text,
  parseNasBench201,
  type NasBench201Operation,
  type NasBench201Skeleton,
} from "./nas-bench-201.ts";
export { nasnet, nasnetA, nasnetCells, nasnetOperations, nasnetOutputs, type NasnetCell } from "./nasnet.ts";
export { nasnetNetwork, type NasnetSkeleton } from "./nasnet/network.ts";
export { buildCell, factorizedReduction, type CellSite, type LayerCell } from "./nasnet/cell.ts";
