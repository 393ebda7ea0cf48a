/** @file Public entry `cellwright/spaces`: search spaces, their published genotypes, and networks by name. */
export { describeCell, describeGenotype } from "./describe.ts";
export { namedNetworks } from "./named-networks.ts";
export { nasnet, nasnetA, nasnetCells, nasnetOperations, nasnetOutputs, type NasnetCell } from "./nasnet.ts";
export { nasnetNetwork, type NasnetSkeleton } from "./nasnet/network.ts";
export { buildCell, factorizedReduction, type CellSite, type LayerCell } from "./nasnet/cell.ts";
