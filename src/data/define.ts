/** @file A user's own data set as one exported thing: `export const data = defineDataset({ … })`. */
import { z } from "zod";
import { CellwrightError, expected } from "../base/errors.ts";
import type { Dataset, DatasetDefinition, ImageSet, LoadOptions } from "./dataset.ts";
import { channelStatistics, checkImageSet, MAX_CLASSES } from "./image-sets.ts";
import { parseOptions, wholeNumber } from "./options.ts";

/** What a user's loader returns: the splits; statistics are computed unless given. */
export interface LoadedSplits {
  readonly train: ImageSet;
  readonly validation: ImageSet;
  /** Absent: validation serves as test, too. */
  readonly test?: ImageSet;
  readonly source?: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

export interface DatasetSpec {
  readonly name: string;
  /** `[height, width, channels]`. */
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  /** Plain JSON of everything that decides which images are in which split. Default none. */
  readonly options?: Readonly<Record<string, unknown>>;
  load(options: LoadOptions): Promise<LoadedSplits> | LoadedSplits;
}

const schema = z.strictObject({
  name: z.string("a name").min(1, "a name"),
  inputShape: z.tuple([wholeNumber(1), wholeNumber(1), wholeNumber(1)], "[height, width, channels]"),
  classes: wholeNumber(2, MAX_CLASSES),
  options: z.record(z.string(), z.unknown(), "an object of options").optional(),
  load: z.custom<DatasetSpec["load"]>((value) => typeof value === "function", "a function that loads the splits"),
});

/** Returns a data set definition whose splits are checked when they are loaded. Throws `config`; its `load` throws `data` naming the split. */
export function defineDataset(spec: DatasetSpec): DatasetDefinition {
  const { name, inputShape, classes, options = {} } = parseOptions(schema, spec, "data");
  return {
    name,
    options,
    inputShape,
    classes,
    async load(loadOptions): Promise<Dataset> {
      const {
        train,
        validation,
        test = validation,
        source = "the user's loader",
        mean,
        std,
      } = await spec.load(loadOptions);
      const splits = { train, validation, test };
      for (const [split, set] of Object.entries(splits)) {
        const place = `${name} ${split}`;
        checkImageSet(set, place);
        const shape = [set.height, set.width, set.channels];
        if (shape.join() !== inputShape.join())
          throw new CellwrightError("data", expected(place, `images of ${inputShape.join(" x ")}`, shape.join(" x ")));
        if (set.classes.length !== classes)
          throw new CellwrightError("data", expected(place, `${classes} classes`, set.classes.length));
      }
      const statistics = mean === undefined || std === undefined ? channelStatistics(train) : { mean, std };
      return { name, source, ...splits, ...statistics };
    },
  };
}
