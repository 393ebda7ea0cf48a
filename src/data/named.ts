/** @file A data set by a short text, as commands take it: a name, or a folder of pictures or IDX files. */
import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { CellwrightError, expected } from "../base/errors.ts";
import { cifar10, cifar100 } from "./cifar.ts";
import type { DatasetDefinition, LoadOptions } from "./dataset.ts";
import { isIdxFolderWhole } from "./idx-files.ts";
import { fashionMnist, idx, mnist } from "./idx.ts";
import { imageFolder, type ImageFolderOptions } from "./image-folder.ts";
import { synthetic } from "./synthetic.ts";

const named: Readonly<Record<string, () => DatasetDefinition>> = {
  "cifar-10": cifar10,
  "cifar-100": cifar100,
  mnist,
  "fashion-mnist": fashionMnist,
  synthetic,
};

/** The names that `namedDataset` knows. */
export const datasetNames: readonly string[] = Object.keys(named);

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The same definition, looked for in one folder, whatever `--data` says. */
function inFolder(definition: DatasetDefinition, dir: string): DatasetDefinition {
  return {
    ...definition,
    load: (options: LoadOptions) => definition.load({ ...options, dir }),
    with: (changes) => inFolder(definition.with?.(changes) ?? definition, dir),
  };
}

/**
 * Returns the data set that a text names: one of `datasetNames`, in any spelling of case and hyphens (`CIFAR10`), or a folder (`./pictures`) of
 * pictures, a subfolder per class, or of MNIST's four files. `pictures` are options for the pictures of a folder, such as their size. Throws
 * `config` for a text that is neither, `data` for a folder that is none of both.
 */
export function namedDataset(text: string, pictures: Omit<ImageFolderOptions, "folder"> = {}): DatasetDefinition {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, "");
  const name = datasetNames.find((each) => plain(each) === plain(text));
  if (name !== undefined) return (named[name] as () => DatasetDefinition)();
  if (!isFolder(text)) {
    const what = `one of ${datasetNames.join(", ")}, or a folder of pictures with a subfolder for each class`;
    throw new CellwrightError("config", expected("data set", what, text));
  }
  if (!isIdxFolderWhole(text)) return imageFolder({ ...pictures, folder: text });
  const folder = resolve(text);
  return inFolder(idx({ name: basename(folder), folders: [basename(folder)] }), folder);
}
