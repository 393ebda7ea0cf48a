/** @file What a disk fault, a bad copy or another program did to a database, found before any row is read. */
import { isUtf8 } from "node:buffer";
import { CellwrightError } from "../base/errors.ts";
import { inFile, readPragma, type Connection } from "./connection.ts";

/** Throws `storage` where SQLite finds the file's structure broken. Reads all of it. */
export function checkWhole(file: string, connection: Connection): void {
  const found = inFile(file, () => readPragma(connection, "quick_check(1)"));
  // Of `*** in database main ***` and what is wrong, a line each, the latter.
  if (found !== "ok") throw damaged(file, String(found).trim().split("\n").at(-1) ?? "");
}

/**
 * Throws `storage` naming table and column where a text is no UTF-8: the library would end the whole process on reading it. Reads all
 * of the file: half a second for 20,000 trials of NASNet's space.
 */
export function checkText(file: string, connection: Connection): void {
  inFile(file, () => {
    // The names of everything else are in here.
    checkTable(file, connection, "sqlite_master", ["type", "name", "tbl_name", "sql"]);
    for (const table of namesOf(connection, "SELECT name FROM sqlite_master WHERE type = 'table'"))
      checkTable(file, connection, table, namesOf(connection, `PRAGMA table_info(${quoted(table)})`));
  });
}

function checkTable(file: string, connection: Connection, table: string, columns: readonly string[]): void {
  // As bytes: SQLite hands them over as they lie in the file. A damaged row may hold text in a column of numbers.
  const bytes = columns.map(
    (column, index) =>
      `CASE typeof(${quoted(column)}) WHEN 'text' THEN CAST(${quoted(column)} AS BLOB) END AS c${index}`,
  );
  const statement = connection.prepare(`SELECT ${bytes.join(", ")} FROM ${quoted(table)}`);
  let number = 0;
  for (const row of statement.iterate() as Iterable<Readonly<Record<string, Uint8Array | null>>>) {
    number++;
    for (const [index, column] of columns.entries()) {
      const text = row[`c${index}`];
      if (text !== null && text !== undefined && !isUtf8(text))
        throw damaged(file, `table ${table}, row ${number} of it, ${column}: bytes that are no text`);
    }
  }
}

function namesOf(connection: Connection, statement: string): readonly string[] {
  const rows = connection.prepare(statement).all() as readonly { readonly name: string }[];
  return rows.map(({ name }) => name);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function damaged(file: string, how: string): CellwrightError {
  return new CellwrightError(
    "storage",
    `${file}  Expected a whole database. Received: a damaged one (${how}). Restore a copy.`,
    { details: { file } },
  );
}
