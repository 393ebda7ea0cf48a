/**
 * @file The official binary layout of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
 * Images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html), as data. A record is its label bytes, then 1,024 red, 1,024 green and
 * 1,024 blue bytes, each plane 32x32 row-major.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { formatCount } from "../base/units.ts";

export interface CifarLayout {
  /** For people: `CIFAR-10`. */
  readonly title: string;
  readonly folders: readonly string[];
  readonly archive: { readonly name: string; readonly url: string; readonly md5: string };
  readonly train: readonly string[];
  readonly test: string;
  /** Records in each file. */
  readonly records: Readonly<Record<string, number>>;
  /** Label bytes of a record. */
  readonly labelBytes: number;
  /** Which of them is the label. */
  readonly labelOffset: number;
  readonly classes: readonly string[];
}

export const CIFAR_SIDE = 32;
const PLANE = CIFAR_SIDE * CIFAR_SIDE;
const PIXELS = 3 * PLANE;

const CIFAR10_BATCHES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);

export const cifar10Layout: CifarLayout = {
  title: "CIFAR-10",
  folders: ["cifar10", "cifar-10", "cifar-10-batches-bin"],
  archive: {
    name: "cifar-10-binary.tar.gz",
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
  },
  train: CIFAR10_BATCHES,
  test: "test_batch.bin",
  records: Object.fromEntries([...CIFAR10_BATCHES, "test_batch.bin"].map((name) => [name, 10_000])),
  labelBytes: 1,
  labelOffset: 0,
  classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
};

const CIFAR100_FILES = {
  folders: ["cifar100", "cifar-100", "cifar-100-binary"],
  archive: {
    name: "cifar-100-binary.tar.gz",
    url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    md5: "03b5dce01913d631647c71ecec9e9cb8",
  },
  train: ["train.bin"],
  test: "test.bin",
  records: { "train.bin": 50_000, "test.bin": 10_000 },
  labelBytes: 2,
};

const FINE =
  "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar " +
  "cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl " +
  "hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom " +
  "oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road " +
  "rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank " +
  "telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm";

const COARSE =
  "aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture insects " +
  "large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals " +
  "non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2";

export const cifar100FineLayout: CifarLayout = {
  ...CIFAR100_FILES,
  title: "CIFAR-100",
  labelOffset: 1,
  classes: FINE.split(" "),
};

export const cifar100CoarseLayout: CifarLayout = {
  ...CIFAR100_FILES,
  title: "CIFAR-100 (20 superclasses)",
  labelOffset: 0,
  classes: COARSE.split(" "),
};

/** Bytes of one record. */
export function recordBytes(layout: CifarLayout): number {
  return layout.labelBytes + PIXELS;
}

/** Throws `data` unless a file has the bytes that its records need. `place` names it, `archive` the archive it is in, if it is in one. */
export function checkCifarSize(
  layout: CifarLayout,
  name: string,
  sizeBytes: number | undefined,
  place: string,
  archive?: string,
): void {
  const records = layout.records[name] as number;
  const wanted = records * recordBytes(layout);
  if (sizeBytes === wanted) return;
  const what = `${formatCount(wanted)} bytes (${formatCount(records)} records)`;
  const received = sizeBytes === undefined ? "no such file" : formatCount(sizeBytes);
  const advice =
    archive === undefined && sizeBytes === undefined
      ? "Put the official file there."
      : `Delete ${archive ?? "it"} and run again to fetch it anew, or put the official file there.`;
  throw new CellwrightError("data", `${place}  Expected ${what}. Received: ${received}. ${advice}`, {
    details: { file: place, expectedBytes: wanted, receivedBytes: sizeBytes },
  });
}

/** Returns the labels of a file. Throws `data` naming the first record whose label is no class. */
export function readCifarLabels(layout: CifarLayout, bytes: Uint8Array, place: string): Uint8Array {
  const stride = recordBytes(layout);
  const labels = new Uint8Array(bytes.length / stride);
  for (let record = 0; record < labels.length; record++) {
    const label = bytes[record * stride + layout.labelOffset] as number;
    if (label >= layout.classes.length) {
      throw new CellwrightError(
        "data",
        expected(place, `labels from 0 to ${layout.classes.length - 1}`, `${label} in record ${record}`),
      );
    }
    labels[record] = label;
  }
  return labels;
}

/** Copies the image of one record into `pixels` at image `index`, planes turned into `[32, 32, 3]`. */
export function copyCifarImage(
  layout: CifarLayout,
  bytes: Uint8Array,
  record: number,
  pixels: Uint8Array,
  index: number,
): void {
  const start = record * recordBytes(layout) + layout.labelBytes;
  let out = index * PIXELS;
  for (let p = start; p < start + PLANE; p++) {
    pixels[out++] = bytes[p] as number;
    pixels[out++] = bytes[p + PLANE] as number;
    pixels[out++] = bytes[p + 2 * PLANE] as number;
  }
}
