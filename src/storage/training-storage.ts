/**
 * @file The database of a training run, `training.db`: what is trained and how, and the figures of its steps and epochs. The checkpoint beside it is
 * what a resume goes on from; rows of work that was lost with a killed process are written again by the work done again, with the same values.
 */
import { existsSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { closeConnection, inFile, openConnection, prepareWriting, type Connection } from "./connection.ts";
import { checkText, checkWhole } from "./damage.ts";
import { decodeJson, encodeJson } from "./json.ts";
import { describeHolder, isLocked, takeLock, type LockHolder, type StudyLock } from "./lock.ts";
import { readSchemaVersion } from "./schema-version.ts";

/** "CWTR": a study's commands name the file instead of reading it as a study, and this one does so the other way round. */
const KIND = { applicationId: 0x43575452, what: "the database of a training run" };
/** Goes up with a change of the tables. */
const SCHEMA = 1;

const TABLES = `
  CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_ms INTEGER NOT NULL, config TEXT NOT NULL,
    version TEXT NOT NULL, elapsed_ms REAL NOT NULL, result TEXT);
  CREATE TABLE epochs (epoch INTEGER PRIMARY KEY CHECK (epoch >= 1), metrics TEXT NOT NULL);
  CREATE TABLE steps (step INTEGER PRIMARY KEY CHECK (step >= 0), metrics TEXT NOT NULL);
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

/** Figures by name. */
export type Figures = Readonly<Record<string, number>>;

export interface TrainingRunRecord {
  readonly name: string;
  readonly createdMs: number;
  /** All that decides the run's bits, as plain JSON. */
  readonly config: Json;
  /** Version of Cellwright that made it. */
  readonly version: string;
  /** Wall time of training, over all resumes. */
  readonly elapsedMs: number;
  /** What came of it, once it is done. */
  readonly result?: Json;
}

/** A training run's database. Every method is one transaction: after `kill -9`, it either happened or did not. */
export interface TrainingStorage {
  readonly run: TrainingRunRecord;
  /** Replaces the figures of an epoch (from 1). */
  putEpoch(epoch: number, figures: Figures): void;
  /** Replaces the figures of steps (from 0). */
  putSteps(steps: readonly { readonly step: number; readonly figures: Figures }[]): void;
  addElapsed(ms: number): void;
  putResult(result: Json): void;
  epochs(): readonly { readonly epoch: number; readonly figures: Figures }[];
  steps(): readonly { readonly step: number; readonly figures: Figures }[];
  /** Whether a process has the run open for writing. */
  isHeld(): boolean;
  close(): void;
}

export interface OpenTrainingOptions {
  /** Makes the file and its folder. Throws if there is one already. */
  readonly create?: Pick<TrainingRunRecord, "name" | "createdMs" | "config" | "version">;
  /** Looks on: takes no lock, writes nothing. */
  readonly readonly?: boolean;
}

/** Opens the database of a run. Throws `storage`: no such file, not one of ours, damaged, from a newer Cellwright, written by another process (named). */
export function openTrainingStorage(
  file: string,
  { create, readonly = false }: OpenTrainingOptions = {},
): TrainingStorage {
  if (create !== undefined) inFile(file, () => mkdirSync(dirname(file), { recursive: true }));
  const connection = openConnection(file, { create: create !== undefined, readonly });
  let lock: StudyLock | undefined;
  try {
    const found = readSchemaVersion(file, connection, KIND);
    if (found !== "empty" && found > SCHEMA)
      throw new CellwrightError(
        "storage",
        `${expected(file, `a training run's database of schema ${SCHEMA}`, found)} It was written by a newer Cellwright: update this one.`,
      );
    if (!readonly) {
      lock = takeLock(file, () => describeHolder(readHolder(connection)), "a training run");
      inFile(file, () => prepareWriting(connection));
      // The checkpoint is what a power cut must not take; figures of the last seconds are trained again.
      connection.exec("PRAGMA synchronous = NORMAL");
    }
    if (found === "empty") {
      if (create === undefined)
        throw new CellwrightError(
          "storage",
          `${expected(file, "a training run", "an empty database")} Its making was cut short: train again under its name.`,
        );
      make(file, connection, create);
    } else {
      if (create !== undefined)
        throw new CellwrightError(
          "storage",
          `${expected(file, "a place without a training run", "one")} Go on with it by --resume, give the new one another --name, or delete the folder.`,
          { details: { file, exists: true } },
        );
      checkText(file, connection);
      checkWhole(file, connection);
    }
    if (lock !== undefined) {
      const holder: LockHolder = { pid: process.pid, host: hostname(), sinceMs: Date.now() };
      connection.prepare("REPLACE INTO meta (key, value) VALUES ('holder', ?)").run(encodeJson(holder));
    }
    return storageOf(file, connection, readonly, lock);
  } catch (error) {
    lock?.release();
    connection.close();
    throw error;
  }
}

/** Whether a file holds a run: none does that is not there, or whose making was cut short. Throws `storage` for a file of another kind. */
export function holdsTraining(file: string): boolean {
  if (!existsSync(file)) return false;
  const connection = openConnection(file, { create: false, readonly: true });
  try {
    return readSchemaVersion(file, connection, KIND) !== "empty";
  } finally {
    connection.close();
  }
}

function make(
  file: string,
  connection: Connection,
  { name, createdMs, config, version }: NonNullable<OpenTrainingOptions["create"]>,
): void {
  inFile(file, () => {
    connection.exec("BEGIN IMMEDIATE");
    connection.exec(TABLES);
    connection
      .prepare("INSERT INTO run (id, name, created_ms, config, version, elapsed_ms) VALUES (1, ?, ?, ?, ?, 0)")
      .run(name, createdMs, encodeJson(config), version);
    connection.exec(`PRAGMA application_id = ${KIND.applicationId}; PRAGMA user_version = ${SCHEMA}; COMMIT`);
  });
}

function readHolder(connection: Connection): LockHolder | undefined {
  try {
    const row = connection.prepare("SELECT value FROM meta WHERE key = 'holder'").get() as
      | { value: string }
      | undefined;
    return row === undefined ? undefined : (JSON.parse(row.value) as LockHolder);
  } catch {
    return undefined; // It has the lock and no name yet.
  }
}

interface RunRow {
  readonly name: string;
  readonly created_ms: number;
  readonly config: string;
  readonly version: string;
  readonly elapsed_ms: number;
  readonly result: string | null;
}

function storageOf(
  file: string,
  connection: Connection,
  readonly: boolean,
  lock: StudyLock | undefined,
): TrainingStorage {
  let isClosed = false;
  const write = (action: () => void): void => {
    if (readonly || isClosed)
      throw new CellwrightError(
        "internal",
        `${file}  Expected a training run open for writing. Received: one that is not.`,
      );
    inFile(file, () => {
      connection.exec("BEGIN IMMEDIATE");
      try {
        action();
        connection.exec("COMMIT");
      } catch (error) {
        connection.exec("ROLLBACK");
        throw error;
      }
    });
  };
  const rows = (statement: string): readonly { readonly at: number; readonly metrics: string }[] =>
    inFile(file, () => connection.prepare(statement).all() as { at: number; metrics: string }[]);
  return {
    get run() {
      const row = inFile(file, () => connection.prepare("SELECT * FROM run").get() as RunRow);
      return {
        name: row.name,
        createdMs: row.created_ms,
        config: decodeJson(row.config),
        version: row.version,
        elapsedMs: row.elapsed_ms,
        ...(row.result !== null && { result: decodeJson(row.result) }),
      };
    },
    putEpoch(epoch, figures) {
      write(() => {
        connection.prepare("REPLACE INTO epochs (epoch, metrics) VALUES (?, ?)").run(epoch, encodeJson(figures));
      });
    },
    putSteps(steps) {
      if (steps.length === 0) return;
      write(() => {
        const statement = connection.prepare("REPLACE INTO steps (step, metrics) VALUES (?, ?)");
        for (const { step, figures } of steps) statement.run(step, encodeJson(figures));
      });
    },
    addElapsed(ms) {
      write(() => {
        connection.prepare("UPDATE run SET elapsed_ms = elapsed_ms + ?").run(ms);
      });
    },
    putResult(result) {
      write(() => {
        connection.prepare("UPDATE run SET result = ?").run(encodeJson(result));
      });
    },
    epochs: () =>
      rows("SELECT epoch AS at, metrics FROM epochs ORDER BY epoch").map(({ at, metrics }) => ({
        epoch: at,
        figures: decodeJson(metrics) as Figures,
      })),
    steps: () =>
      rows("SELECT step AS at, metrics FROM steps ORDER BY step").map(({ at, metrics }) => ({
        step: at,
        figures: decodeJson(metrics) as Figures,
      })),
    // Who closes takes its name away; a name may be that of a killed process.
    isHeld: () => lock !== undefined || (readHolder(connection) !== undefined && isLocked(file)),
    close() {
      if (isClosed) return;
      try {
        if (lock !== undefined) connection.prepare("DELETE FROM meta WHERE key = 'holder'").run();
        closeConnection(connection, readonly);
      } finally {
        isClosed = true;
        lock?.release();
      }
    },
  };
}
