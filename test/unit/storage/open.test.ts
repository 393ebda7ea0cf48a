/** @file Opening a study's database: absent, foreign, damaged, newer, older, locked; readers beside a writer. */
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "libsql";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStorage, type NewStudy } from "../../../src/storage/index.ts";
import { MIGRATIONS, type Migration } from "../../../src/storage/migrations.ts";
import type { Storage } from "../../../src/storage/storage.ts";

const STUDY: NewStudy = { name: "cells", config: { a: 1 }, version: "0.1.0", createdMs: 1 };
const TRIAL = {
  number: 0,
  proposal: { genotype: { a: 1 } },
  canonicalId: "id",
  resultKey: "key",
  seed: 1,
  attempts: 1,
  startedMs: 1,
} as const;

let dir: string;
let file: string;
const opened: Storage[] = [];

/** Opens and remembers to close. */
async function open(options?: Parameters<typeof openStorage>[1]): Promise<Storage> {
  const storage = await openStorage(file, options);
  opened.push(storage);
  return storage;
}

/** Makes a study with one finished trial and leaves it closed. */
async function makeStudy(): Promise<void> {
  const storage = await openStorage(file, { create: STUDY });
  await storage.startTrial(TRIAL);
  await storage.finishTrial(0, { state: "complete", values: [1], metrics: {} }, { finishedMs: 2 });
  await storage.addStep({ trial: 0, attempt: 0, step: 1, values: [1], metrics: {} });
  await storage.putRetrain({ trial: 0, epochs: 5, seed: 1, state: "complete", values: [1], metrics: {} });
  await storage.close();
}

/** Writes past every check, as a disk fault or another program would. */
function tamper(statement: string): void {
  const connection = new SqliteDatabase(file);
  connection.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${statement}`);
  connection.close();
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cellwright-storage-"));
  file = join(dir, "study.db");
});
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
  await rm(dir, { recursive: true });
});

describe("opening", () => {
  test("an absent file is named and not made", async () => {
    await expect(open()).rejects.toThrow(`${file}  Expected a study database. Received: "no such file".`);
    await expect(open({ readonly: true })).rejects.toMatchObject({ code: "storage" });
    expect(await readdir(dir)).toEqual([]);
  });

  test("creating makes the folder", async () => {
    file = join(dir, "results", "cells", "study.db");
    expect((await open({ create: STUDY })).study.name).toBe("cells");
  });

  test("creating over a study is refused and harms nothing", async () => {
    await makeStudy();
    await expect(open({ create: { ...STUDY, name: "other" } })).rejects.toThrow("Expected a place without a study");
    const storage = await open();
    expect(storage.study.name).toBe("cells");
    expect(await storage.trials()).toHaveLength(1);
  });

  test("what a kill during creation leaves can be created over, and says what it is otherwise", async () => {
    await writeFile(file, "");
    await expect(open()).rejects.toThrow('Expected a study. Received: "an empty database".');
    expect((await open({ create: STUDY })).study.name).toBe("cells");
  });

  test("a file that is no database is named", async () => {
    await writeFile(file, "a study config, not a database\n".repeat(500));
    for (const options of [{}, { readonly: true }, { create: STUDY }])
      await expect(open(options)).rejects.toThrow(
        `${file}  Expected a study database. Received: a file that is no SQLite database.`,
      );
  });

  test("another program's database is named and left alone", async () => {
    tamper("CREATE TABLE bookmarks (url TEXT)");
    for (const options of [{}, { readonly: true }, { create: STUDY }])
      await expect(open(options)).rejects.toThrow(
        'Expected a study database. Received: "a database of another program".',
      );
  });

  test("a database cut short is named as damaged", async () => {
    await makeStudy();
    await truncate(file, (await stat(file)).size - 3 * 4096);
    await expect(open()).rejects.toMatchObject({
      code: "storage",
      message: expect.stringMatching(/study\.db {2}Expected a whole database/),
    });
  });

  test("after closing, the file alone is the study", async () => {
    await makeStudy();
    expect((await stat(`${file}-wal`).catch(() => ({ size: 0 }))).size).toBe(0);
  });
});

describe("migration", () => {
  const addNote: Migration = {
    name: "a note for each trial",
    async apply(db) {
      await sql`ALTER TABLE trials ADD COLUMN note TEXT`.execute(db);
    },
  };
  const newer = [...MIGRATIONS, addNote];

  test("a database from a newer version is refused by readers and writers alike, and left alone", async () => {
    await (await openStorage(file, { create: STUDY, migrations: newer })).close();
    for (const readonly of [false, true])
      await expect(open({ readonly })).rejects.toThrow(
        /Expected a study database of schema 1 or older. Received: 2. It was written by a newer Cellwright: update/,
      );
    await (await openStorage(file, { migrations: newer })).close();
  });

  test("an older one is migrated with what it holds; a reader says that it must be", async () => {
    await makeStudy();
    await expect(open({ readonly: true, migrations: newer })).rejects.toThrow("resume the study once");
    const storage = await open({ migrations: newer });
    expect(await storage.trials()).toHaveLength(1);
    const looker = await open({ readonly: true, migrations: newer });
    expect(await looker.events()).toHaveLength(2);
  });

  test("a migration that fails leaves the database at its old version", async () => {
    await makeStudy();
    const failing: Migration = {
      name: "fails after its first statement",
      async apply(db) {
        await addNote.apply(db);
        await sql`ALTER TABLE nowhere ADD COLUMN note TEXT`.execute(db);
      },
    };
    await expect(open({ migrations: [...MIGRATIONS, failing] })).rejects.toMatchObject({ code: "storage" });
    expect(await (await open({ migrations: newer })).trials()).toHaveLength(1);
  });
});

describe("one writer, many readers", () => {
  test("a second writer is refused with the holder's pid; readers are not; the lock ends with the writer", async () => {
    const writer = await openStorage(file, { create: STUDY });
    await expect(open()).rejects.toThrow(`one run by process ${process.pid} on `);
    await expect(open({ create: STUDY })).rejects.toMatchObject({ code: "storage", details: { locked: true } });
    const reader = await open({ readonly: true });
    await writer.startTrial(TRIAL);
    expect(await reader.trials()).toHaveLength(1);
    await writer.close();
    expect((await open()).study.name).toBe("cells");
  });

  test("a reader writes nothing", async () => {
    await makeStudy();
    const reader = await open({ readonly: true });
    await expect(reader.startTrial({ ...TRIAL, number: 1 })).rejects.toThrow("opened for reading");
    await expect(reader.addElapsed(1)).rejects.toThrow("opened for reading");
  });

  test("a reader sees whole transactions: a trial and its event together", async () => {
    const writer = await open({ create: STUDY });
    const reader = await open({ readonly: true });
    for (let number = 0; number < 20; number++) {
      const writing = writer.startTrial({ ...TRIAL, number });
      const [trials, events] = [await reader.trials(), await reader.events()];
      expect(Math.abs(trials.length - events.length)).toBeLessThanOrEqual(1);
      await writing;
      expect((await reader.events()).length).toBe((await reader.trials()).length);
    }
  });
});

describe("a damaged row names its place", () => {
  test.each([
    [
      "trials",
      "UPDATE trials SET proposal = '{broken'",
      'table trials, row 0, proposal  Expected JSON. Received: "{broken".',
      "trials",
    ],
    [
      "trials",
      'UPDATE trials SET proposal = \'{"genotype":{"a":"x"}}\'',
      "table trials, row 0, proposal.genotype.a  Expected number.",
      "trials",
    ],
    ["trials", "UPDATE trials SET state = 'sleeping'", "table trials, row 0, state", "trials"],
    ["events", "UPDATE events SET kind = 'lost' WHERE place = 1", "table events, row 1, kind", "events"],
    [
      "events",
      "UPDATE trials SET state = 'running'",
      "table events, row 2, trial 0  Expected a trial that ended",
      "events",
    ],
    ["steps", "UPDATE steps SET metrics = '[1]'", "table steps, row 0/0/1, metrics", "steps"],
    [
      "retrains",
      "UPDATE retrains SET objective_values = '7'",
      "table retrains, row 0/5/1, objective_values",
      "retrains",
    ],
  ] as const)("%s: %s", async (_table, statement, message, method) => {
    await makeStudy();
    tamper(statement);
    // A reader: a writer's opening checks the whole file and may see it first.
    const storage = await open({ readonly: true });
    await expect(storage[method]()).rejects.toMatchObject({
      code: "storage",
      message: expect.stringContaining(message),
    });
  });

  test("the study's own row, at opening", async () => {
    await makeStudy();
    tamper("UPDATE studies SET elapsed_ms = -5");
    await expect(open()).rejects.toThrow("table studies, row 1, elapsed_ms");
    tamper("DELETE FROM studies");
    await expect(open()).rejects.toThrow("Expected a study.");
  });
});
