/** @file A study made by another process between two reads of the file's header is seen whole or not at all. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { APPLICATION_ID, openConnection, prepareWriting, type Connection } from "../../../src/storage/connection.ts";
import { MIGRATIONS } from "../../../src/storage/migrations.ts";
import { readSchemaVersion } from "../../../src/storage/schema-version.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cellwright-schema-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** The connection, calling `between` after its statement number `place` (from 1) has been read. */
function interrupted(connection: Connection, place: number, between: () => void): Connection {
  let statements = 0;
  return new Proxy(connection, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (key !== "prepare") return value.bind(target) as unknown;
      return (sql: string) => {
        const statement = target.prepare(sql);
        return {
          all: () => {
            const rows = statement.all();
            if (++statements === place) between();
            return rows;
          },
        };
      };
    },
  });
}

it.each([1, 2, 3])("made after read %i of the header: still empty, and a study at the next look", (place) => {
  const file = join(folder, "study.db");
  const looker = openConnection(file, { create: true, readonly: false });
  prepareWriting(looker);
  const maker = openConnection(file, { create: false, readonly: false });
  let made = 0;
  const make = (): void => {
    maker.exec(
      `BEGIN; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; CREATE TABLE meta (key TEXT); COMMIT`,
    );
    made++;
  };
  expect(readSchemaVersion(file, interrupted(looker, place, make))).toBe("empty");
  expect(made).toBe(1);
  expect(readSchemaVersion(file, looker)).toBe(MIGRATIONS.length);
  maker.close();
  looker.close();
});
