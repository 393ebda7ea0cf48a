/**
 * @file Comma-separated values with a header row (RFC 4180: fields may be quoted, a quote within is doubled). Every record keeps the line it begins on, so
 * that whatever is wrong with it can be said with its place.
 */
import { CellwrightError, expected } from "../../base/errors.ts";

export interface CsvRecord {
  /** Line of the file it begins on, from 1. */
  readonly line: number;
  /** One per column of the header. */
  readonly fields: readonly string[];
}

export interface Csv {
  /** Where it is from, for messages. */
  readonly source: string;
  readonly header: readonly string[];
  readonly records: readonly CsvRecord[];
}

/** Returns the parsed text; empty lines are left out. Linear. Throws `data` naming the line of what is no record of the header's columns. */
export function parseCsv(source: string, text: string): Csv {
  const all = recordsOf(source, text.startsWith("\uFEFF") ? text.slice(1) : text);
  const [head, ...records] = all;
  if (head === undefined) throw new CellwrightError("data", expected(source, "a header row and rows of values", ""));
  const header = head.fields.map((name) => name.trim());
  header.forEach((name, index) => {
    if (name === "" || header.indexOf(name) !== index)
      throw new CellwrightError(
        "data",
        expected(`${source}:${head.line}, column ${index + 1}`, "a name that no other column has", name),
      );
  });
  for (const { line, fields } of records)
    if (fields.length !== header.length)
      throw new CellwrightError(
        "data",
        expected(`${source}:${line}`, `${header.length} fields, one per column of the header`, fields.length),
      );
  return { source, header, records };
}

/** A field, quoted or not, and what ends it. Nothing but a separator may follow a closing quote. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;

function recordsOf(source: string, text: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let [line, begin, at] = [1, 1, 0];
  let fields: string[] = [];
  while (at < text.length || fields.length > 0) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(text);
    if (match === null)
      throw new CellwrightError(
        "data",
        expected(`${source}:${line}`, "fields without quotes, or quoted as a whole", text.slice(at).split("\n", 1)[0]),
      );
    const [whole, quoted, plain = "", end] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    at += whole.length;
    line += quoted === undefined ? 0 : quoted.split("\n").length - 1;
    if (end === ",") continue;
    if (fields.length > 1 || fields[0] !== "") records.push({ line: begin, fields });
    fields = [];
    begin = ++line;
  }
  return records;
}
