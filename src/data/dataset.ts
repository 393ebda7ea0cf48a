/** @file The data contract: images as bytes with labels, and what a training run draws from them. */

/** Class numbers of images: a byte each up to 256 classes, two for more. */
export type Labels = Uint8Array | Uint16Array;

/** One split of a data set, in memory. */
export interface ImageSet {
  /** Number of images. */
  readonly size: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Row-major `[size, height, width, channels]`, 0 to 255. */
  readonly pixels: Uint8Array;
  /** `[size]`, whole numbers below `classes.length`. */
  readonly labels: Labels;
  readonly classes: readonly string[];
}

/** A loaded data set. */
export interface Dataset {
  readonly name: string;
  /** Where it came from, for people: a folder, `downloaded`, `synthetic`. */
  readonly source: string;
  readonly train: ImageSet;
  readonly validation: ImageSet;
  readonly test: ImageSet;
  /** Per-channel mean and standard deviation of the training pixels, on the scale 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface LoadOptions {
  readonly dir?: string | undefined;
  /** Told of downloads, and of a fallback. */
  readonly onProgress?: ((message: string) => void) | undefined;
  /** False never downloads: workers, after their parent has made the data available. Default true. */
  readonly download?: boolean | undefined;
}

/** How a data set is named in a study: plain JSON options and a loader. */
export interface DatasetDefinition {
  readonly name: string;
  /** Everything that decides which images are in which split: part of the evaluator's key. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Loads it. `dir` is what `--data` gave; then `$CELLWRIGHT_DATA`, `./data`, `../shared/data`. Throws `data` naming the file and what was expected. */
  load(options: LoadOptions): Promise<Dataset>;
  /** Finds or downloads it without loading it, and says what `load` will then give. Throws `data` as `load` does. */
  provide?(
    options: LoadOptions,
  ): Promise<{ readonly source: string; readonly warning?: string; readonly substitute?: string }>;
  /** Returns the same data set with some options replaced, so that flags can set them. Throws `config`. */
  with?(options: Readonly<Record<string, unknown>>): DatasetDefinition;
}
