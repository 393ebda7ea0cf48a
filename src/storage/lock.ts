/**
 * @file One process runs a study at a time. The lock is SQLite's own file lock on an empty file beside the database (`study.db-lock`):
 * the system drops it with the process that held it, so a `kill -9` leaves nothing to clear away, a reused pid means nothing, and
 * two containers on one machine see each other. Readers take no lock.
 */
import { existsSync } from "node:fs";
import SqliteDatabase from "libsql";
import { CellwrightError } from "../base/errors.ts";
import { inFile, isBusy, storageError } from "./connection.ts";

export interface StudyLock {
  release(): void;
}

/** Takes the lock, or throws `storage` with what `describeHolder` says of the process that has it. */
export function takeLock(file: string, describeHolder: () => string, what = "a study"): StudyLock {
  const lockFile = `${file}-lock`;
  const connection = inFile(lockFile, () => new SqliteDatabase(lockFile));
  try {
    // IMMEDIATE takes the one write lock without writing: the file stays empty.
    connection.exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE");
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw storageError(lockFile, error);
    throw new CellwrightError(
      "storage",
      `${file}  Expected ${what} that no other process runs. Received: one run by ${describeHolder()}. Wait for it, or stop it${what === "a study" ? "; looking on (status, top, draw, export) works meanwhile" : ""}.`,
      { details: { file, locked: true } },
    );
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      connection.exec("ROLLBACK");
      connection.close();
    },
  };
}

/** Whether another process has the lock. Takes it for a moment to see: only for who has a reason to ask, for a process that begins in that moment is refused. */
export function isLocked(file: string): boolean {
  const lockFile = `${file}-lock`;
  if (!existsSync(lockFile)) return false;
  const connection = inFile(lockFile, () => new SqliteDatabase(lockFile));
  try {
    connection.exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch (error) {
    if (!isBusy(error)) throw storageError(lockFile, error);
    return true;
  } finally {
    connection.close();
  }
}

/** What the holder writes into `meta`, for the message of a second process. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly sinceMs: number;
}

/** Returns the holder for people: `process 4711 on worker-3 (since 2026-01-01T12:00:00.000Z)`. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return "another process";
  return `process ${holder.pid} on ${holder.host} (since ${new Date(holder.sinceMs).toISOString()})`;
}
