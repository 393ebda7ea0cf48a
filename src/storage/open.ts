/**
 * @file Opens a study's database. A writer holds the study's lock; any number of readers, in any process, look on meanwhile and see
 * whole transactions only. What a reader may do while a search is running: every reading method (`study`, `trials`, `trial`, `steps`,
 * `events`, `findResult`, `retrains`), each a consistent snapshot of its own moment, without waiting for the writer or making it wait;
 * `study` is as it was at opening. Every writing method throws.
 */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { Kysely, SqliteDialect } from "kysely";
import { z } from "zod";
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import {
  closeConnection,
  inFile,
  openConnection,
  prepareWriting,
  storageError,
  type Connection,
} from "./connection.ts";
import { checkText, checkWhole } from "./damage.ts";
import { decodeJson, encodeJson } from "./json.ts";
import { describeHolder, takeLock, type LockHolder, type StudyLock } from "./lock.ts";
import { migrate, MIGRATIONS, refuseNewer, type Migration } from "./migrations.ts";
import { toStudy } from "./rows.ts";
import { readSchemaVersion } from "./schema-version.ts";
import type { StudyDatabase } from "./schema.ts";
import { sqliteStorage } from "./sqlite-storage.ts";
import type { Storage } from "./storage.ts";

export interface NewStudy {
  readonly name: string;
  readonly config: Json;
  /** Version of Cellwright that makes it. */
  readonly version: string;
  readonly createdMs: number;
}

export interface OpenStorageOptions {
  /** Makes the file (and its folder). Throws if it holds a study already. */
  readonly create?: NewStudy;
  /** Looks on: takes no lock, writes nothing. */
  readonly readonly?: boolean;
  /** For tests of migration. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the study of `file`, migrating it if it was written by an older Cellwright. Throws `storage`: no such file, not ours, damaged, from a
 * newer Cellwright, run by another process (named), or (with `create`) already there.
 */
export async function openStorage(file: string, options: OpenStorageOptions = {}): Promise<Storage> {
  const readonly = options.readonly === true;
  if (readonly && options.create !== undefined)
    throw new CellwrightError("internal", "Expected a study that is created for writing. Received: readonly.");
  if (options.create !== undefined) inFile(file, () => mkdirSync(dirname(file), { recursive: true }));
  const connection = openConnection(file, { create: options.create !== undefined, readonly });
  const db = new Kysely<StudyDatabase>({ dialect: new SqliteDialect({ database: connection }) });
  let lock: StudyLock | undefined;
  try {
    // Before anything is written, be it a lock beside the file: it may be another program's, or a newer Cellwright's.
    const found = readSchemaVersion(file, connection);
    if (found !== "empty") refuseNewer(file, found, options.migrations);
    if (found !== "empty" && options.create !== undefined) throw studyThere(file);
    if (!readonly) {
      lock = takeLock(file, () => describeHolder(readHolder(connection)));
      inFile(file, () => prepareWriting(connection));
    }
    await bringUpToDate(file, connection, db, options);
    if (lock !== undefined)
      await db
        .replaceInto("meta")
        .values({ key: "holder", value: encodeJson(thisProcess()) })
        .execute();
    const row = await db.selectFrom("studies").selectAll().executeTakeFirst();
    if (row === undefined) throw noStudy(file, "Delete it and search again.");
    return sqliteStorage({
      file,
      db,
      study: toStudy(row, file),
      readonly,
      close: () => close(connection, db, readonly, lock),
    });
  } catch (error) {
    lock?.release();
    connection.close();
    throw storageError(file, error);
  }
}

async function bringUpToDate(
  file: string,
  connection: Connection,
  db: Kysely<StudyDatabase>,
  { create, readonly, migrations = MIGRATIONS }: OpenStorageOptions,
): Promise<void> {
  const schema = readSchemaVersion(file, connection);
  if (schema === "empty") {
    if (create === undefined) throw noStudy(file, "Its making was cut short: search again.");
    await migrate(db, file, 0, migrations, async (transaction) => {
      await transaction
        .insertInto("studies")
        .values({
          id: 1,
          name: create.name,
          created_ms: create.createdMs,
          config: encodeJson(create.config),
          version: create.version,
          elapsed_ms: 0,
        })
        .execute();
    });
    return;
  }
  if (create !== undefined) throw studyThere(file);
  refuseNewer(file, schema, migrations);
  checkText(file, connection);
  if (!readonly) checkWhole(file, connection);
  if (schema === migrations.length) return;
  if (readonly)
    throw new CellwrightError(
      "storage",
      `${expected(file, `a study database of schema ${migrations.length}`, schema)} It was written by an older Cellwright: resume the study once to bring it up to date.`,
      { details: { file, schema, supported: migrations.length } },
    );
  await migrate(db, file, schema, migrations);
}

function studyThere(file: string): CellwrightError {
  return new CellwrightError(
    "storage",
    `${expected(file, "a place without a study", "a study")} Resume it, give the new one another name, or delete the folder.`,
    { details: { file, exists: true } },
  );
}

function noStudy(file: string, advice: string): CellwrightError {
  return new CellwrightError("storage", `${expected(file, "a study", "an empty database")} ${advice}`, {
    details: { file },
  });
}

const holderSchema = z.object({ pid: z.number(), host: z.string(), sinceMs: z.number() });

function readHolder(connection: Connection): LockHolder | undefined {
  try {
    const row = z
      .object({ value: z.string() })
      .parse(connection.prepare("SELECT value FROM meta WHERE key = 'holder'").get());
    return holderSchema.parse(decodeJson(row.value));
  } catch {
    return undefined; // it has the lock and no name yet: still being made
  }
}

function thisProcess(): LockHolder {
  return { pid: process.pid, host: hostname(), sinceMs: Date.now() };
}

async function close(
  connection: Connection,
  db: Kysely<StudyDatabase>,
  readonly: boolean,
  lock: StudyLock | undefined,
): Promise<void> {
  try {
    if (lock !== undefined) await db.deleteFrom("meta").where("key", "=", "holder").execute();
    closeConnection(connection, readonly);
  } finally {
    lock?.release();
  }
}
