/** @file Opening a study's database: absent, foreign, damaged, newer, older, locked; readers beside a writer. */
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
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

  test("another program's database is named and left alone, to the byte", async () => {
    tamper("CREATE TABLE bookmarks (url TEXT)");
    const before = await readFile(file);
    for (const options of [{}, { readonly: true }, { create: STUDY }])
      await expect(open(options)).rejects.toThrow(
        'Expected a study database. Received: "a database of another program".',
      );
    expect((await readFile(file)).equals(before)).toBe(true);
    expect(await readdir(dir)).toEqual(["study.db"]);
  });

  test("the journal is a write-ahead log, written through to the disk", async () => {
    await open({ create: STUDY });
    const connection = new SqliteDatabase(file);
    expect(connection.prepare("PRAGMA journal_mode").all()).toEqual([{ journal_mode: "wal" }]);
    connection.close();
  });

  test("a database cut short is named as damaged", async () => {
    await makeStudy();
    await truncate(file, (await stat(file)).size - 3 * 4096);
    await expect(open()).rejects.toMatchObject({
      code: "storage",
      message: expect.stringMatching(/study\.db {2}Expected a whole database/),
    });
  });

  test("a text that is none is named, in a column of numbers too, and does not end the process", async () => {
    await makeStudy();
    tamper("UPDATE trials SET proposal = CAST(x'7b22ff' AS TEXT)");
    for (const readonly of [true, false])
      await expect(open({ readonly })).rejects.toThrow(
        `${file}  Expected a whole database. Received: a damaged one (table trials, row 1 of it, proposal: bytes that are no text)`,
      );
    tamper("UPDATE trials SET proposal = '{}', attempts = CAST(x'ff' AS TEXT)");
    await expect(open({ readonly: true })).rejects.toThrow(
      "table trials, row 1 of it, attempts: bytes that are no text",
    );
  });

  test("after closing, the file alone is the study", async () => {
    await makeStudy();
    expect((await stat(`${file}-wal`).catch(() => ({ size: 0 }))).size).toBe(0);
  });
});

/** Runs `action` where the folder and what is in it may only be read. Root may write anywhere, so as nobody if we are root. */
async function inReadOnlyFolder(action: () => Promise<void>): Promise<void> {
  const names = await readdir(dir);
  for (const name of names) await chmod(join(dir, name), 0o444);
  await chmod(dir, 0o555);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(dir, 0o755);
    for (const name of names) await chmod(join(dir, name), 0o644);
  }
}

describe.skipIf(process.platform === "win32")("a folder that may only be read", () => {
  test("is no obstacle to looking on, and said to be one to writing", async () => {
    await makeStudy();
    // As they are gone when the process has ended.
    for (const suffix of ["-wal", "-shm"]) await rm(`${file}${suffix}`, { force: true });
    await inReadOnlyFolder(async () => {
      const reader = await openStorage(file, { readonly: true });
      expect(await reader.trials()).toHaveLength(1);
      expect(await reader.events()).toHaveLength(2);
      await reader.close();
      const refusal = {
        code: "storage",
        message: `${file}  Expected a file and a folder that may be written. Received: read-only ones.`,
      };
      await expect(openStorage(file)).rejects.toMatchObject(refusal);
      await expect(openStorage(file, { create: STUDY })).rejects.toMatchObject(refusal);
      await expect(openStorage(join(dir, "new.db"), { create: STUDY })).rejects.toThrow(
        "in a folder that may be written",
      );
      await expect(openStorage(join(dir, "new", "study.db"), { create: STUDY })).rejects.toThrow(
        "Expected a file and a folder that may be written. Received: read-only ones.",
      );
    });
    expect(await (await open()).trials()).toHaveLength(1);
  });

  test("with the log of a writer that was killed is refused, as what is in the log would be missing", async () => {
    const writer = await openStorage(file, { create: STUDY });
    await writer.startTrial(TRIAL);
    const copy = join(dir, "copy");
    await mkdir(copy);
    for (const suffix of ["", "-wal"]) await copyFile(`${file}${suffix}`, join(copy, `study.db${suffix}`));
    await writer.close();
    [dir, file] = [copy, join(copy, "study.db")];
    try {
      await inReadOnlyFolder(async () => {
        await expect(openStorage(file, { readonly: true })).rejects.toMatchObject({ code: "storage" });
      });
      expect(await (await open({ readonly: true })).trials()).toHaveLength(1);
    } finally {
      dir = join(copy, "..");
    }
  });

  test("a file where the folder should be is named", async () => {
    await writeFile(join(dir, "results"), "");
    await expect(openStorage(join(dir, "results", "study.db"), { create: STUDY })).rejects.toThrow(
      "Expected a folder to put it in. Received: a file of that name.",
    );
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
    const before = await readFile(file);
    await rm(`${file}-lock`);
    for (const readonly of [false, true])
      await expect(open({ readonly })).rejects.toThrow(
        /Expected a study database of schema 1 or older. Received: 2. It was written by a newer Cellwright: update/,
      );
    expect((await readFile(file)).equals(before)).toBe(true);
    expect(await readdir(dir)).not.toContain("study.db-lock");
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
    await expect(open({ create: STUDY })).rejects.toMatchObject({ code: "storage", details: { exists: true } });
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
