/** @file Public entry `cellwright/spaces`: search spaces, their published genotypes, and networks by name. */
export { amoebanet, amoebanetOperations } from "./amoebanet.ts";
export { darts, dartsOperations, type DartsOperation, type DartsSkeleton } from "./darts.ts";
export { describeCell, describeGenotype } from "./describe.ts";
export { namedNetworks } from "./named-networks.ts";
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
