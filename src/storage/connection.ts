/**
 * @file The one file that knows the SQLite library (libsql, which has better-sqlite3's interface and brings its binary from the
 * registry). Its ways that matter here: there is no read-only mode (`PRAGMA query_only` stands in), opening creates the file,
 * closing neither finalises statements nor empties the write-ahead log (so `closeConnection` does), and a text that is no UTF-8 ends the
 * process (so `damage.ts` looks before any is read).
 */
import { existsSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import SqliteDatabase from "libsql";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

export type Connection = SqliteDatabase.Database;

/** "CWST": marks the file as ours, so that a foreign database is named instead of written to. */
export const APPLICATION_ID = 0x43575354;

/** How long a statement waits for another connection's lock: readers never hold one for longer than a checkpoint. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens the file, creating it only if `create`, and changes nothing in it: it may be another program's. A reader may also look at a file
 * in a folder that it can't write to. Throws `storage` naming the file if it is absent, unreadable or no database.
 */
export function openConnection(
  file: string,
  options: { readonly create: boolean; readonly readonly: boolean },
): Connection {
  if (!options.create && !existsSync(file))
    throw new CellwrightError("storage", expected(file, "a study database", "no such file"));
  return inFile(file, () => {
    try {
      return connect(file, options.readonly);
    } catch (error) {
      // SQLite keeps its index of the write-ahead log beside the file; where that can't be made and there is no log, nobody writes either.
      if (!options.readonly || !isReadOnlyPlace(error) || holdsLog(file)) throw error;
      return connect(`${pathToFileURL(file).href}?immutable=1`, true);
    }
  });
}

/** Whether there is something in the write-ahead log. */
function holdsLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function connect(place: string, readonly: boolean): Connection {
  const connection = new SqliteDatabase(place);
  try {
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    if (readonly) connection.exec("PRAGMA query_only = ON");
    readPragma(connection, "user_version"); // the first read of the header: says here and not later that it is no database
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Sets a connection up for writing, once the file is known to be ours. */
export function prepareWriting(connection: Connection): void {
  // Write-ahead log: readers and the writer do not wait for each other. FULL: a finished trial is minutes of work and
  // survives a power cut too, at the price of one fsync per method call, of which there are a few per epoch.
  readPragma(connection, "journal_mode = WAL");
  connection.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

/** Empties the write-ahead log into the file, so that the file alone is the study, and closes. */
export function closeConnection(connection: Connection, readonly: boolean): void {
  // A reader may hold the log back: then it stays and the next opening reads it.
  if (!readonly) connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  connection.close();
}

/** Returns the one value of a pragma. */
export function readPragma(connection: Connection, pragma: string): unknown {
  const row: unknown = connection.prepare(`PRAGMA ${pragma}`).all()[0];
  return typeof row === "object" && row !== null ? Object.values(row)[0] : undefined;
}

/** Whether the error says that another connection holds a lock. */
export function isBusy(error: unknown): boolean {
  return codeOf(error)?.startsWith("SQLITE_BUSY") === true;
}

/** Runs `action`, turning what SQLite throws into `storage` errors that name the file and what to do. */
export function inFile<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storageError(file, error);
  }
}

/** Returns the error as one of ours: `storage`, naming the file. Ours pass through. */
export function storageError(file: string, error: unknown): CellwrightError {
  if (error instanceof CellwrightError) return error;
  const code = codeOf(error);
  return new CellwrightError("storage", `${file}  ${explain(code, messageOf(error))}`, {
    cause: error,
    details: { file, ...(code === undefined ? {} : { sqlite: code }) },
  });
}

function explain(code: string | undefined, message: string): string {
  if (code === "SQLITE_NOTADB") return "Expected a study database. Received: a file that is no SQLite database.";
  if (code?.startsWith("SQLITE_CORRUPT"))
    return `Expected a whole database. Received: a damaged one (${message}). Restore a copy.`;
  if (code === "SQLITE_FULL" || code === "ENOSPC") return "Expected space on the disk. Received: none left.";
  if (code?.startsWith("SQLITE_BUSY")) return `Expected a free database. Received: one locked by another process.`;
  if (isReadOnlyCode(code)) return "Expected a file and a folder that may be written. Received: read-only ones.";
  if (code === "ENOTDIR" || code === "EEXIST") return "Expected a folder to put it in. Received: a file of that name.";
  if (code?.startsWith("SQLITE_IOERR")) return `Expected a disk that reads and writes. Received: ${message} (${code}).`;
  if (code === "SQLITE_CANTOPEN")
    return "Expected a file that can be opened, in a folder that may be written. Received: one that can't.";
  return code === undefined ? message : `${message} (${code})`;
}

function isReadOnlyCode(code: string | undefined): boolean {
  return code?.startsWith("SQLITE_READONLY") === true || ["EACCES", "EPERM", "EROFS"].includes(code ?? "");
}

/** Whether the error may mean that SQLite can't write beside the file. */
function isReadOnlyPlace(error: unknown): boolean {
  const code = codeOf(error);
  return isReadOnlyCode(code) || code === "SQLITE_CANTOPEN";
}

/** Low bytes of SQLite's result codes, for those that the library has no name for. */
const PRIMARY_CODES: Readonly<Record<number, string>> = {
  5: "SQLITE_BUSY",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

/** Returns SQLite's or the file system's code of an error. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(SQLITE_|E[A-Z]+$)/.test(code)) return code;
  // `UNKNOWN_SQLITE_ERROR_1544`, and at opening `ConnectionFailed("Unable to open connection to local database …: 14")`.
  const number = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code) ?? /ConnectionFailed.*: (\d+)"\)/.exec(messageOf(error));
  return number === null ? undefined : PRIMARY_CODES[Number(number[1]) & 0xff];
}
