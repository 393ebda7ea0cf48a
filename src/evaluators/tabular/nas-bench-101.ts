/**
 * @file A table of NAS-Bench-101 (Ying et al. 2019, arXiv 1902.09635): validation accuracy of 30,001 of its 423,624 cells on CIFAR-10 after 4, 12, 36 and 108
 * epochs, one training each, with the time of the longest. The file `nb101_30k.csv.gz` is looked for where data sets are.
 */
import { z } from "zod";
import { nasBench101Hash } from "cellwright/spaces";
import { parseOptions } from "../../data/options.ts";
import type { Evaluator } from "../evaluator.ts";
import { findTable } from "./find-table.ts";
import { readTable, type ResultTable } from "./table.ts";
import { tableEvaluator } from "./tabular.ts";

/** Lengths of training, in epochs, that the table has. */
export const nasBench101Epochs = [4, 12, 36, 108] as const;

export type NasBench101Epochs = (typeof nasBench101Epochs)[number];

export interface NasBench101TableOptions {
  /** Epochs of a trial that says none. A trial of another of the table's lengths gets that one's accuracy. Default 108. */
  readonly epochs?: NasBench101Epochs;
}

const schema = z.strictObject({
  epochs: z.literal([...nasBench101Epochs], `one of ${nasBench101Epochs.join(", ")}`).default(108),
});

const FILE = "nb101_30k.csv.gz";
const VALUES = ["params", "train_time_s", ...nasBench101Epochs.map((epochs) => `val_${epochs}`)];

/** Returns the path of the table. Throws `data` naming the folders it is not in. */
export function findNasBench101(dataDir?: string): string {
  return findTable("NAS-Bench-101", "nasbench101", FILE, dataDir);
}

/**
 * Reads the table, keyed by the cell's published hash: `params`, `train_time_s` (seconds of the 108 epochs; shorter trainings took their share) and `val_4` to
 * `val_108`, as fractions. About 200 ms. Throws `data` naming what is wrong.
 */
export async function readNasBench101(path: string): Promise<ResultTable> {
  return await readTable(path, { key: "hash", values: VALUES });
}

/**
 * Returns an evaluator that answers trials of the space `nas-bench-101` from the table: a cell that it does not have is failed with the reason. The metric
 * `trainSeconds` is that of 108 epochs. Throws `config` naming each wrong option.
 */
export function nasBench101Table(options: NasBench101TableOptions = {}): Evaluator {
  const { epochs } = parseOptions(schema, options, "nasBench101Table");
  return tableEvaluator({
    name: "nas-bench-101",
    options: { epochs },
    version: 1,
    key: nasBench101Hash,
    values: { accuracy: `val_${epochs}` },
    valuesAt: Object.fromEntries(nasBench101Epochs.map((at) => [at, { accuracy: `val_${at}` }])),
    metrics: { params: "params", trainSeconds: "train_time_s" },
    load: async (dataDir) => {
      const path = findNasBench101(dataDir);
      return { path, table: await readNasBench101(path) };
    },
    with: (changes) => nasBench101Table({ ...options, ...changes } as NasBench101TableOptions),
  });
}
