/** @file Public entry `cellwright/data`: data sets by name, a user's own, and batches. */
export type { Dataset, DatasetDefinition, ImageSet, Labels, LoadOptions } from "./dataset.ts";
export {
  createBatcher,
  epochShape,
  evaluationBatches,
  plain,
  trainingBatches,
  type Augmentation,
  type Batcher,
} from "./batches.ts";
export { cifar10, cifar100, type Cifar100Options, type Cifar10Options } from "./cifar.ts";
export { defineDataset, type DatasetSpec, type LoadedSplits } from "./define.ts";
export { fashionMnist, idx, mnist, type IdxOptions } from "./idx.ts";
export { imageFolder, type ImageFolderOptions } from "./image-folder.ts";
export { channelStatistics, joinImageSets, pickImages } from "./image-sets.ts";
export { dataRoots, type DataRoot } from "./locate.ts";
export { datasetNames, namedDataset } from "./named.ts";
export { synthetic, type SyntheticOptions } from "./synthetic.ts";
