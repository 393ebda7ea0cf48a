/**
 * @file A table of results: for each candidate, named by a text, one row of numbers. Read once, looked up in constant time, it makes a whole
 * search a matter of milliseconds, and every figure of it can be checked by anybody who has the file.
 */
import { gunzipSync } from "node:zlib";
import { CellwrightError, expected, messageOf } from "../../base/errors.ts";
import { readDataFile } from "../../data/locate.ts";
import { parseCsv, type Csv } from "./csv.ts";

export interface ResultTable {
  /** Where it is from, for messages. */
  readonly source: string;
  /** By row. */
  readonly keys: readonly string[];
  /** By row: its line of the file, from 1. */
  readonly lines: readonly number[];
  /** Column by name, each with one number a row. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly rowOf: ReadonlyMap<string, number>;
}

/** Which columns are read. */
export interface TableColumns {
  /** The one that names the candidate. */
  readonly key: string;
  readonly values: readonly string[];
  /** Brings a key into the form it is looked up by; returns undefined for a text that is none. */
  readonly normalize?: ((key: string) => string | undefined) | undefined;
  /** Completes "Expected …" where `normalize` refuses. */
  readonly keyForm?: string | undefined;
}

/** Returns a text file's content, unpacked where its name ends in `.gz`. Throws `data` naming the file. */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readDataFile(path);
  if (!path.endsWith(".gz")) return new TextDecoder().decode(bytes);
  try {
    return new TextDecoder().decode(gunzipSync(bytes));
  } catch (error) {
    throw new CellwrightError("data", expected(path, "a file packed by gzip", messageOf(error)), { cause: error });
  }
}

/** Reads a table from a file. Throws `data` naming the line and column of the first thing that is wrong. */
export async function readTable(path: string, columns: TableColumns): Promise<ResultTable> {
  return tableOf(parseCsv(path, await readTextFile(path)), columns);
}

/** Returns the table of a parsed file. Throws `data` for a column that is missing, a value that is no finite number, a key that comes twice. */
export function tableOf(csv: Csv, { key, values, normalize, keyForm }: TableColumns): ResultTable {
  const { source, header, records } = csv;
  const indexOf = (name: string): number => {
    const index = header.indexOf(name);
    if (index < 0)
      throw new CellwrightError("data", expected(`${source}:1`, `a column named ${name}`, header.join(", ")));
    return index;
  };
  const keyIndex = indexOf(key);
  const columns = new Map(values.map((name) => [name, numbersOf(csv, name, indexOf(name))]));
  const rowOf = new Map<string, number>();
  const keys = records.map(({ line, fields }, row) => {
    const text = fields[keyIndex] as string;
    const form = normalize === undefined ? text : normalize(text);
    if (form === undefined || form === "")
      throw new CellwrightError("data", expected(`${source}:${line}, ${key}`, keyForm ?? "a text", text));
    const before = rowOf.get(form);
    if (before !== undefined)
      throw new CellwrightError(
        "data",
        expected(`${source}:${line}, ${key}`, `a key that is not on line ${records[before]?.line} already`, text),
      );
    rowOf.set(form, row);
    return form;
  });
  if (keys.length === 0) throw new CellwrightError("data", expected(source, "one row or more below the header", 0));
  return { source, keys, lines: records.map(({ line }) => line), columns, rowOf };
}

function numbersOf({ source, records }: Csv, name: string, index: number): Float64Array {
  return Float64Array.from(records, ({ line, fields }) => {
    const text = (fields[index] as string).trim();
    const value = text === "" ? Number.NaN : Number(text);
    if (!Number.isFinite(value))
      throw new CellwrightError("data", expected(`${source}:${line}, ${name}`, "a finite number", text));
    return value;
  });
}

/** Returns one column. Throws `data` if the table was read without it. */
export function columnOf(table: ResultTable, name: string): Float64Array {
  const column = table.columns.get(name);
  if (column === undefined)
    throw new CellwrightError("data", expected(table.source, `one of ${[...table.columns.keys()].join(", ")}`, name));
  return column;
}
