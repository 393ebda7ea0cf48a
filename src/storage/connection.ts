/**
 * @file The one file that knows the SQLite library (libsql, which has better-sqlite3's interface and brings its binary from the
 * registry). Its ways that matter here: there is no read-only mode (`PRAGMA query_only` stands in), opening creates the file, and
 * closing neither finalises statements nor empties the write-ahead log (so `closeConnection` does).
 */
import { existsSync } from "node:fs";
import SqliteDatabase from "libsql";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

export type Connection = SqliteDatabase.Database;

/** "CWST": marks the file as ours, so that a foreign database is named instead of written to. */
export const APPLICATION_ID = 0x43575354;

/** How long a statement waits for another connection's lock: readers never hold one for longer than a checkpoint. */
const BUSY_TIMEOUT_MS = 10_000;

/** Opens the file, creating it only if `create`. Throws `storage` naming the file if it is absent, unreadable or no database. */
export function openConnection(
  file: string,
  options: { readonly create: boolean; readonly readonly: boolean },
): Connection {
  if (!options.create && !existsSync(file))
    throw new CellwrightError("storage", expected(file, "a study database", "no such file"));
  return inFile(file, () => {
    const connection = new SqliteDatabase(file);
    try {
      connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      if (options.readonly) {
        connection.exec("PRAGMA query_only = ON");
        readPragma(connection, "user_version"); // the first read of the header: says here and not later that it is no database
      } else {
        // Write-ahead log: readers and the writer do not wait for each other. FULL: a finished trial is minutes of work and
        // survives a power cut too, at the price of one fsync per method call, of which there are a few per epoch.
        readPragma(connection, "journal_mode = WAL");
        connection.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  });
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
  if (code === "SQLITE_FULL") return "Expected space on the disk. Received: none left.";
  if (code?.startsWith("SQLITE_BUSY")) return `Expected a free database. Received: one locked by another process.`;
  if (code?.startsWith("SQLITE_READONLY")) return "Expected a file that may be written. Received: a read-only one.";
  if (code?.startsWith("SQLITE_IOERR")) return `Expected a disk that reads and writes. Received: ${message} (${code}).`;
  if (message.includes("ConnectionFailed")) return `Expected a file that can be opened. Received: ${message}.`;
  return code === undefined ? message : `${message} (${code})`;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : undefined;
}
