/**
 * @file The evaluator that trains nothing: it answers a trial from a table of what others trained. With the published tables, or a file of one's own.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../../base/canonical-json.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { hashJson } from "../../base/hash.ts";
import { parseOptions } from "../../data/options.ts";
import { canonicalId, type Network } from "../../network/index.ts";
import type { Genotype } from "../../space/space.ts";
import type { Evaluator, Outcome, Task, TrialMetrics } from "../evaluator.ts";
import { columnOf, readTable, type ResultTable } from "./table.ts";

/** What a table's key column holds: the genotype as JSON, the network's canonical id, or whatever text a function makes of a candidate. */
export type TableKey = "genotype" | "canonical" | ((genotype: Genotype, network: Network) => string);

/** Column by name of the measure it holds. */
export type ValueColumns = Readonly<Record<string, string>>;

export interface TabularOptions {
  /** Path of a CSV file with a header row; `.gz` is unpacked. */
  readonly file: string;
  /** Column that names the candidate. Default `"genotype"`. */
  readonly keyColumn?: string;
  /** What that column holds. Default `"genotype"`: as JSON, in any order of keys. */
  readonly key?: TableKey;
  /** The measures, in order, and the column of each: `{ accuracy: "val_accuracy" }`. */
  readonly values: ValueColumns;
  /** For trials of that many epochs, these columns in the place of `values`, with the same measures. Other numbers of epochs are then failed. */
  readonly valuesAt?: Readonly<Record<number, ValueColumns>>;
  /** Further columns to keep with each trial, by metric. */
  readonly metrics?: ValueColumns;
  /** To be raised when the file's content changes: stored results are then not taken for new ones. Default 1. */
  readonly version?: number;
}

const text = z.string("a name").min(1, "a name");
const columns = z.record(z.string(), text, "an object of measure to column name");
const schema = z.strictObject({
  file: text,
  keyColumn: text.default("genotype"),
  key: z
    .custom<TableKey>(
      (value) => value === "genotype" || value === "canonical" || typeof value === "function",
      '"genotype", "canonical" or a function of genotype and network',
    )
    .default("genotype"),
  values: columns.refine((value) => Object.keys(value).length > 0, "at least one measure with its column"),
  valuesAt: z.record(z.string().regex(/^[1-9]\d*$/, "epochs as keys"), columns, "columns by epochs").optional(),
  metrics: columns.default({}),
  version: z.number("a number").default(1),
});

/**
 * Returns an evaluator that answers from a CSV file of one's own. A candidate without a row is failed with the reason. Throws `config` naming each wrong
 * option, and when it is first used `data` naming the line and column of what is wrong in the file.
 */
export function tabular(options: TabularOptions): Evaluator {
  const { file, keyColumn, key, values, valuesAt, metrics, version } = parseOptions(schema, options, "tabular");
  const path = resolve(file);
  const wanted = [values, ...Object.values(valuesAt ?? {}), metrics].flatMap((record) => Object.values(record));
  return tableEvaluator({
    name: "tabular",
    options: { file, keyColumn, key: typeof key === "string" ? key : "function" },
    version,
    key: typeof key === "function" ? key : key === "canonical" ? canonicalKey : genotypeKey,
    values,
    valuesAt,
    metrics,
    load: async () => ({
      path,
      table: await readTable(path, {
        key: keyColumn,
        values: [...new Set(wanted)],
        ...(key === "genotype" && { normalize: normalizedGenotype, keyForm: "a genotype as JSON" }),
      }),
    }),
  });
}

const genotypeKey = (genotype: Genotype): string => canonicalJson(genotype);
const canonicalKey = (_: Genotype, network: Network): string => canonicalId(network);

function normalizedGenotype(written: string): string | undefined {
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? canonicalJson(value) : undefined;
  } catch {
    return undefined;
  }
}

/** What an evaluator over a table is made of. */
export interface TableEvaluatorSpec {
  readonly name: string;
  /** Plain JSON that decides what is measured. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly key: (genotype: Genotype, network: Network) => string;
  readonly values: ValueColumns;
  readonly valuesAt?: Readonly<Record<string, ValueColumns>> | undefined;
  readonly metrics: ValueColumns;
  load(dataDir: string | undefined): Promise<{ readonly path: string; readonly table: ResultTable }>;
  with?: Evaluator["with"];
}

/** Returns an evaluator over a table. Throws `config` where the measures at some number of epochs are others than those of `values`. */
export function tableEvaluator(spec: TableEvaluatorSpec): Evaluator {
  const { name, version, values, valuesAt, metrics } = spec;
  const measures = Object.keys(values);
  for (const [epochs, at] of Object.entries(valuesAt ?? {}))
    if (Object.keys(at).join() !== measures.join())
      throw new CellwrightError("config", expected(`${name}.valuesAt.${epochs}`, measures.join(", "), at));
  const options = { ...spec.options, values, ...(valuesAt && { valuesAt }), metrics };
  let loaded: Promise<ResultTable> | undefined;
  const load = (dataDir?: string): Promise<ResultTable> => (loaded ??= spec.load(dataDir).then(({ table }) => table));

  const valueColumns = ({ epochs }: Task): ValueColumns | undefined =>
    valuesAt === undefined || epochs === undefined ? values : valuesAt[epochs];

  return {
    name,
    key: hashJson({ evaluator: name, version, options }),
    measures,
    isQuick: true,
    options,
    async provide({ dataDir }) {
      const { path, table } = await spec.load(dataDir);
      return { source: `${path} (${table.keys.length} rows)` };
    },
    async prepare({ dataDir }) {
      await load(dataDir);
    },
    async evaluate(task, { network }): Promise<Outcome> {
      const table = await load();
      const columns = valueColumns(task);
      if (columns === undefined) {
        const known = Object.keys(valuesAt ?? {}).join(", ");
        return { state: "failed", reason: expected("epochs", `one of ${known}`, task.epochs), metrics: {} };
      }
      const key = spec.key(task.genotype, network);
      const row = table.rowOf.get(key);
      if (row === undefined) return { state: "failed", reason: `${table.source} has no row for ${key}`, metrics: {} };
      const at = (record: ValueColumns): [string, number][] =>
        Object.entries(record).map(([as, column]) => [as, columnOf(table, column)[row] as number]);
      const measured = at(columns);
      const facts: TrialMetrics = {
        ...Object.fromEntries([...at(metrics), ...measured]),
        row,
        ...(task.epochs !== undefined && { epochs: task.epochs }),
      };
      return { state: "complete", values: measured.map(([, value]) => value), metrics: facts };
    },
    ...(spec.with && { with: spec.with.bind(spec) }),
  };
}
