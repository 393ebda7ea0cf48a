/**
 * @file The schema's history, oldest first. `PRAGMA user_version` says how many of these a file has had; one that has had more comes
 * from a newer Cellwright and is refused. An entry, once released, never changes: a later one mends it.
 */
import { sql, type Kysely } from "kysely";
import { CellwrightError, expected } from "../base/errors.ts";
import { APPLICATION_ID } from "./connection.ts";
import type { StudyDatabase } from "./schema.ts";

export interface Migration {
  /** What it changes, for the log and for errors. */
  readonly name: string;
  apply(db: Kysely<StudyDatabase>): Promise<void>;
}

export const MIGRATIONS: readonly Migration[] = [{ name: "first tables", apply: createFirstTables }];

/**
 * Applies the migrations that the file has not had, all in one transaction: it is at the old version or at the new one, never between.
 * `seed` runs in that transaction too (the first row of a new study). Returns the versions passed.
 */
export async function migrate(
  db: Kysely<StudyDatabase>,
  file: string,
  version: number,
  migrations: readonly Migration[] = MIGRATIONS,
  seed?: (db: Kysely<StudyDatabase>) => Promise<void>,
): Promise<{ readonly from: number; readonly to: number }> {
  refuseNewer(file, version, migrations);
  await db.transaction().execute(async (transaction) => {
    for (const migration of migrations.slice(version)) await migration.apply(transaction);
    await seed?.(transaction);
    // Pragmas take no parameters; both are fields of the file's first page and so part of the transaction.
    await sql.raw(`PRAGMA application_id = ${APPLICATION_ID}`).execute(transaction);
    await sql.raw(`PRAGMA user_version = ${migrations.length}`).execute(transaction);
  });
  return { from: version, to: migrations.length };
}

/** Throws `storage` if the file comes from a newer Cellwright. */
export function refuseNewer(file: string, version: number, migrations: readonly Migration[] = MIGRATIONS): void {
  if (version > migrations.length)
    throw new CellwrightError(
      "storage",
      `${expected(file, `a study database of schema ${migrations.length} or older`, version)} It was written by a newer Cellwright: update this one.`,
      { details: { file, schema: version, supported: migrations.length } },
    );
}

async function createFirstTables(db: Kysely<StudyDatabase>): Promise<void> {
  const statements = [
    `CREATE TABLE studies (
       id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_ms INTEGER NOT NULL, config TEXT NOT NULL,
       version TEXT NOT NULL, elapsed_ms REAL NOT NULL)`,
    `CREATE TABLE trials (
       number INTEGER PRIMARY KEY CHECK (number >= 0), proposal TEXT NOT NULL,
       state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'pruned', 'failed')),
       objective_values TEXT, metrics TEXT NOT NULL, reason TEXT, canonical_id TEXT NOT NULL,
       duplicate_of INTEGER REFERENCES trials (number), result_key TEXT NOT NULL, seed INTEGER NOT NULL,
       attempts INTEGER NOT NULL, started_ms REAL NOT NULL, finished_ms REAL)`,
    `CREATE INDEX trials_by_result ON trials (canonical_id, result_key)`,
    `CREATE TABLE steps (
       trial INTEGER NOT NULL REFERENCES trials (number), attempt INTEGER NOT NULL, step INTEGER NOT NULL,
       objective_values TEXT NOT NULL, metrics TEXT NOT NULL, PRIMARY KEY (trial, attempt, step)) WITHOUT ROWID`,
    // A trial starts once and ends once, in whatever order the controller was told.
    `CREATE TABLE events (
       place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN ('started', 'finished')),
       trial INTEGER NOT NULL REFERENCES trials (number), UNIQUE (trial, kind))`,
    `CREATE TABLE retrains (
       trial INTEGER NOT NULL REFERENCES trials (number), epochs INTEGER NOT NULL, seed INTEGER NOT NULL,
       state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'failed')), objective_values TEXT,
       metrics TEXT NOT NULL, reason TEXT, PRIMARY KEY (trial, epochs, seed)) WITHOUT ROWID`,
    `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
