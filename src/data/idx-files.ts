/** @file The four files of an IDX data set: their names, where the published ones are, and how those are fetched. */
import { mkdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { download } from "./download.ts";
import { findSpelling } from "./locate.ts";

function spellings(stem: string): string[] {
  const dotted = stem.replace(/-(idx\d)-/, ".$1-");
  return [stem, `${stem}.gz`, dotted, `${dotted}.gz`];
}

/** Each file with the spellings it may have. */
export const idxFiles = {
  trainImages: spellings("train-images-idx3-ubyte"),
  trainLabels: spellings("train-labels-idx1-ubyte"),
  testImages: spellings("t10k-images-idx3-ubyte"),
  testLabels: spellings("t10k-labels-idx1-ubyte"),
};

/** Where a data set is published: a folder of the four files, packed. */
export interface IdxArchive {
  /** Ends in `/`. */
  readonly url: string;
  /** MD5 of each packed file. */
  readonly md5: Readonly<Record<keyof typeof idxFiles, string>>;
}

/** MNIST (Y. LeCun, C. Cortes, C. Burges), from PyTorch's mirror: its first home no longer gives it out. */
export const mnistArchive: IdxArchive = {
  url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
  md5: {
    trainImages: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    trainLabels: "d53e105ee54ea40749a09fcbcd1e9432",
    testImages: "9fb629c4189551a2d022fa330f9573f3",
    testLabels: "ec29112dd5afa0611ce80d1b7f02629c",
  },
};

/** Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, arXiv 1708.07747), from its authors' repository. */
export const fashionArchive: IdxArchive = {
  url: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
  md5: {
    trainImages: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    trainLabels: "25c81989df183df01b3e8a0aad5dffbe",
    testImages: "bef4ecab320f06d8554ea6380940ec79",
    testLabels: "bb300cfdad3c16e7a12a480ee83cd310",
  },
};

/** Whether a folder has all four files under any of their spellings. */
export function isIdxFolderWhole(folder: string): boolean {
  return Object.values(idxFiles).every((names) => findSpelling(folder, names) !== undefined);
}

/** Fetches the files that a folder lacks; those that are there stay. Throws `data` with the cause. */
export async function fetchIdx(
  { url, md5 }: IdxArchive,
  folder: string,
  onProgress: ((message: string) => void) | undefined,
): Promise<void> {
  for (const [kind, names] of Object.entries(idxFiles)) {
    const name = names[1] as string;
    const file = join(folder, name);
    await download({
      url: `${url}${name}`,
      md5: md5[kind as keyof typeof idxFiles],
      // Beside the folder: a download that fails leaves no empty one.
      part: join(dirname(folder), `${basename(folder)}-${name}.part`),
      isDone: () => findSpelling(folder, names) !== undefined,
      async unpack(part) {
        await mkdir(folder, { recursive: true });
        await rename(part, file);
      },
      onProgress,
    });
  }
}
