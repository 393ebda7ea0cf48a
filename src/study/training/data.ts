/** @file What a network is trained on, by name: a built-in set, or a folder with one. */
import {
  channelStatistics,
  joinImageSets,
  namedDataset,
  type Dataset,
  type DatasetDefinition,
  type LoadOptions,
} from "../../data/index.ts";
import type { NetworkSizes } from "../../network/index.ts";

export interface DataRequest {
  /** A name that `namedDataset` knows, or a folder: of pictures, a subfolder for each class, or of MNIST's four files. */
  readonly name: string;
  /** Training images; absent: all. */
  readonly train?: number;
  /** Held-out images that each epoch is judged by; 0 for none; absent: the data set's own number. */
  readonly validation?: number;
  /** What pictures of a folder are decoded to: `[height, width, channels]`, as the network was made for. Default 32 x 32 in colour. */
  readonly pictures?: readonly number[];
}

export interface TrainingData {
  readonly definition: DatasetDefinition;
  /** Loads it; without held-out images the whole of the training files is trained on, and epochs are judged by the test split. */
  load(options: LoadOptions): Promise<Dataset>;
}

/** Returns the data set of a name or a folder. Throws `config` naming what there is, `data` for a folder of something else. */
export function trainingData({ name, train, validation, pictures = [32, 32, 3] }: DataRequest): TrainingData {
  const [height = 32, width = 32, channels = 3] = pictures;
  const base = namedDataset(name, { height, width, colour: channels === 1 ? "grey" : "rgb" });
  const none = validation === 0;
  const changes = {
    ...(train !== undefined && { train }),
    // The least that a split holds out, which is trained on all the same.
    ...(none ? { validation: LEAST_HELD_OUT } : validation !== undefined && { validation }),
  };
  const definition = Object.keys(changes).length === 0 ? base : (base.with?.(changes) ?? base);
  return {
    definition,
    async load(options) {
      const dataset = await definition.load(options);
      if (!none) return dataset;
      const { name: title, source, test } = dataset;
      // A folder without test pictures has those held out for both: they stay unseen.
      const isHeldOutTest = dataset.validation === test || train !== undefined;
      const all = isHeldOutTest ? dataset.train : joinImageSets(dataset.train, dataset.validation);
      return { name: title, source, train: all, validation: test, test, ...channelStatistics(all) };
    },
  };
}

/** Every data set can hold out as many. */
const LEAST_HELD_OUT = 10;

/** Returns the data set that networks of these sizes are usually trained on, or undefined where sizes don't say. */
export function usualData({ input, classes }: NetworkSizes): string | undefined {
  const [height, width, channels] = input;
  if (channels === 1) return "mnist";
  if (channels !== 3 || height !== 32 || width !== 32) return undefined;
  return classes === 100 ? "cifar100" : "cifar10";
}
