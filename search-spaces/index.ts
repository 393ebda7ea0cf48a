/** @file Public entry `cellwright/spaces`: search spaces, their published genotypes, and networks by name. */
export { alexnet } from "./baselines/alexnet.ts";
export type { ClassicOptions } from "./baselines/classic-options.ts";
export { densenet, type DensenetOptions } from "./baselines/densenet.ts";
export { googlenet, type GooglenetOptions } from "./baselines/googlenet.ts";
export { inceptionResnetV2, type InceptionResnetV2Options } from "./baselines/inception-resnet-v2.ts";
export { inceptionV3, type InceptionV3Options } from "./baselines/inception-v3.ts";
export { inceptionV4, type InceptionV4Options } from "./baselines/inception-v4.ts";
export { lenet5 } from "./baselines/lenet-5.ts";
export { squeezenet, type SqueezenetOptions } from "./baselines/squeezenet.ts";
export { vgg, type VggOptions } from "./baselines/vgg.ts";
export { xception, type XceptionOptions } from "./baselines/xception.ts";
export { amoebanet, amoebanetOperations, amoebanetOutputs } from "./amoebanet.ts";
export { darts, dartsOperations, type DartsOperation, type DartsSkeleton } from "./darts.ts";
export { dartsSupernet, type DartsSupernetOptions } from "./darts/supernet.ts";
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
export { mobilenetV2, type MobilenetV2Options } from "./baselines/mobilenet-v2.ts";
export { mobilenetV3, type MobilenetV3Options } from "./baselines/mobilenet-v3.ts";
export type { NamedCandidate } from "./mbconv/named.ts";
export { namedCandidate, namedNetwork, namedNetworks } from "./named-networks.ts";
export { enasMicro, enasMicroOperations, type EnasMicroSkeleton } from "./enas-micro.ts";
export { macroChain } from "./macro-chain.ts";
export {
  nasBench101,
  nasBench101Cell,
  nasBench101Genotype,
  nasBench101Hash,
  nasBench101Text,
  parseNasBench101,
} from "./nas-bench-101.ts";
export {
  nasBench101Operations,
  pruneNasBench101,
  type NasBench101Cell,
  type NasBench101Operation,
} from "./nas-bench-101/cell.ts";
export { canonicalNasBench101, nasBench101Cells } from "./nas-bench-101/enumerate.ts";
export { nasBench101Network, type NasBench101Skeleton } from "./nas-bench-101/network.ts";
export {
  nasBench201,
  nasBench201Class,
  nasBench201Operations,
  nasBench201Text,
  parseNasBench201,
  type NasBench201Operation,
  type NasBench201Skeleton,
} from "./nas-bench-201.ts";
export { pnas, pnasOperations, pnasOutputs } from "./pnas.ts";
export { nasnet, nasnetA, nasnetCells, nasnetOperations, nasnetOutputs, pnasnet5, type NasnetCell } from "./nasnet.ts";
export { nasnetNetwork, type NasnetSkeleton } from "./nasnet/network.ts";
export { buildCell, factorizedReduction, type CellSite, type LayerCell } from "./nasnet/cell.ts";
export { resnet, type ResnetOptions } from "./baselines/resnet.ts";
export { resnetCifar, type ResnetCifarOptions } from "./baselines/resnet-cifar.ts";
export { resnetV2, type ResnetV2Options } from "./baselines/resnet-v2.ts";
export { resnext, type ResnextOptions } from "./baselines/resnext.ts";
export { seResnet, type SeResnetOptions } from "./baselines/se-resnet.ts";
export { wideResnet, type WideResnetOptions } from "./baselines/wide-resnet.ts";
export { shufflenetV1, type ShufflenetV1Options } from "./baselines/shufflenet-v1.ts";
export { shufflenetV2, type ShufflenetV2Options } from "./baselines/shufflenet-v2.ts";
export { modules, type ModulesSkeleton } from "./modules.ts";
export { resnet18AtMacs, type BaselineAtMacs } from "./baselines/at-macs.ts";
