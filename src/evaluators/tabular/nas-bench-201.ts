/**
 * @file The table of NAS-Bench-201 (Dong and Yang 2020, arXiv 2001.00326): every one of its 15,625 cells trained on CIFAR-10 and CIFAR-100, for 12 epochs and
 * for 200, with latencies of the CIFAR-10 network on 27 devices (HELP, arXiv 2106.08630). The file `nb201.csv.gz` is looked for where data sets are.
 */
import { dirname, join } from "node:path";
import { z } from "zod";
import { nasBench201Text } from "cellwright/spaces";
import { CellwrightError, expected } from "../../base/errors.ts";
import { oneOf, parseOptions } from "../../data/options.ts";
import type { Evaluator } from "../evaluator.ts";
import { parseCsv } from "./csv.ts";
import { findTable } from "./find-table.ts";
import { columnOf, readTable, readTextFile, tableOf, type ResultTable } from "./table.ts";
import { tableEvaluator } from "./tabular.ts";

export interface NasBench201TableOptions {
  /** Default `"cifar10"`. */
  readonly data?: "cifar10" | "cifar100";
  /**
   * The accuracy that a trial gets: after 12 epochs on the validation images (what a search can afford to measure; the default) or after 200 on the test
   * images (a reward nearly free of noise, which no search has).
   */
  readonly reward?: "validation-12" | "test-200";
  /** A device of `nb201_latency.csv.gz` (`pixel3`, `1080ti_1` …): adds the measure `latencyMs`. Default none. */
  readonly device?: string;
}

const schema = z.strictObject({
  data: oneOf(["cifar10", "cifar100"]).default("cifar10"),
  reward: oneOf(["validation-12", "test-200"]).default("validation-12"),
  device: z.string("the name of a device").min(1, "the name of a device").optional(),
});

const FILE = "nb201.csv.gz";
const LATENCY_FILE = "nb201_latency.csv.gz";
const COUNTS = ["index", "iso_class", "params_c10", "params_c100", "flops_c10", "flops_c100"];
const ACCURACIES = ["c10_val_12", "c10_test_12", "c100_val_12", "c100_test_12", "c10_test_200", "c100_test_200"];

/** Returns the path of the table. Throws `data` naming the folders it is not in. */
export function findNasBench201(dataDir?: string): string {
  return findTable("NAS-Bench-201", "nasbench201", FILE, dataDir);
}

/** Reads the table, keyed by the cell's text; with a device, its latency as column `latency_ms`. About 100 ms. Throws `data` naming what is wrong. */
export async function readNasBench201(path: string, device?: string): Promise<ResultTable> {
  const table = await readTable(path, { key: "arch", values: [...COUNTS, ...ACCURACIES] });
  if (device === undefined) return table;
  const file = join(dirname(path), LATENCY_FILE);
  const latencies = tableOf(parseCsv(file, await readTextFile(file)), { key: "index", values: [device] });
  const latency = Float64Array.from(table.columns.get("index") ?? [], (index, row) => {
    const at = latencies.rowOf.get(String(index));
    if (at === undefined)
      throw new CellwrightError(
        "data",
        expected(file, `a row of index ${index} (${path}:${table.lines[row]})`, undefined),
      );
    return latencies.columns.get(device)?.[at] as number;
  });
  return { ...table, columns: new Map([...table.columns, ["latency_ms", latency]]) };
}

/** Returns an evaluator that answers trials of the space `nas-bench-201` from its table; accuracy is a fraction. Throws `config` naming each wrong option. */
export function nasBench201Table(options: NasBench201TableOptions = {}): Evaluator {
  const { data, reward, device } = parseOptions(schema, options, "nasBench201Table");
  const prefix = data === "cifar10" ? "c10" : "c100";
  const column = `${prefix}_${reward === "validation-12" ? "val_12" : "test_200"}`;
  return tableEvaluator({
    name: "nas-bench-201",
    options: { data, reward, ...(device !== undefined && { device }) },
    version: 1,
    key: nasBench201Text,
    values: { accuracy: column, ...(device !== undefined && { latencyMs: "latency_ms" }) },
    metrics: { params: `params_${prefix}`, macs: `flops_${prefix}`, isoClass: "iso_class" },
    load: async (dataDir) => {
      const path = findNasBench201(dataDir);
      const table = await readNasBench201(path, device);
      const fractions = columnOf(table, column).map((percent) => percent / 100);
      return { path, table: { ...table, columns: new Map([...table.columns, [column, fractions]]) } };
    },
    with: (changes) => nasBench201Table({ ...options, ...changes } as NasBench201TableOptions),
  });
}
