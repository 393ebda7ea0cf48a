/** @file The storage contract on SQLite: one method, one transaction. */
import type { Kysely } from "kysely";
import { CellwrightError, expected } from "../base/errors.ts";
import { storageError } from "./connection.ts";
import { encodeJson } from "./json.ts";
import { toBaseline, toEvent, toRetrain, toStep, toTrial } from "./rows.ts";
import type { StudyDatabase } from "./schema.ts";
import type { BaselineRecord, Storage, StudyRecord } from "./storage.ts";

interface OpenDatabase {
  readonly file: string;
  readonly db: Kysely<StudyDatabase>;
  readonly study: StudyRecord;
  readonly readonly: boolean;
  readonly close: () => Promise<void>;
}

/** What the keys of baselines begin with. */
const BASELINE = "baseline/";

function baselineKey({ name, phase, epochs, seed }: BaselineRecord): string {
  return `${BASELINE}${name}/${phase}/${epochs}/${seed}`;
}

/** Returns the storage of an open database whose tables are up to date. */
export function sqliteStorage({ file, db, study: opened, readonly, close }: OpenDatabase): Storage {
  let study = opened;
  let closed = false;

  async function read<T>(action: () => Promise<T>): Promise<T> {
    if (closed)
      throw new CellwrightError("internal", `${file}  Expected an open study. Received: one that was closed.`);
    try {
      return await action();
    } catch (error) {
      throw storageError(file, error);
    }
  }

  async function write<T>(action: (transaction: Kysely<StudyDatabase>) => Promise<T>): Promise<T> {
    if (readonly)
      throw new CellwrightError(
        "internal",
        `${file}  Expected a study opened for writing. Received: one opened for reading.`,
      );
    return read(async () => db.transaction().execute(action));
  }

  function requireChange(result: { readonly numUpdatedRows: bigint }, number: number, what: string): void {
    if (result.numUpdatedRows !== 1n)
      throw new CellwrightError("internal", expected(`${file}: trial ${number}`, what, "none such"));
  }

  return {
    get study() {
      return study;
    },

    async startTrial(trial) {
      await write(async (transaction) => {
        await transaction
          .insertInto("trials")
          .values({
            number: trial.number,
            proposal: encodeJson(trial.proposal),
            state: "running",
            objective_values: null,
            metrics: encodeJson(trial.metrics ?? {}),
            reason: null,
            canonical_id: trial.canonicalId,
            duplicate_of: trial.duplicateOf ?? null,
            result_key: trial.resultKey,
            seed: trial.seed,
            attempts: trial.attempts,
            started_ms: trial.startedMs,
            finished_ms: null,
          })
          .execute();
        await transaction.insertInto("events").values({ kind: "started", trial: trial.number }).execute();
      });
    },

    async finishTrial(number, outcome, { finishedMs, duplicateOf }) {
      await write(async (transaction) => {
        const row = await transaction.selectFrom("trials").selectAll().where("number", "=", number).executeTakeFirst();
        const known = row === undefined ? {} : toTrial(row, file).metrics;
        const result = await transaction
          .updateTable("trials")
          .set({
            state: outcome.state,
            objective_values: "values" in outcome && outcome.values !== undefined ? encodeJson(outcome.values) : null,
            metrics: encodeJson({ ...known, ...outcome.metrics }),
            reason: outcome.state === "failed" ? outcome.reason : null,
            finished_ms: finishedMs,
            ...(duplicateOf === undefined ? {} : { duplicate_of: duplicateOf }),
          })
          .where("number", "=", number)
          .where("state", "=", "running")
          .executeTakeFirst();
        requireChange(result, number, "a running trial to finish");
        await transaction.insertInto("events").values({ kind: "finished", trial: number }).execute();
      });
    },

    async setAttempts(number, attempts) {
      await write(async (transaction) => {
        const result = await transaction
          .updateTable("trials")
          .set({ attempts })
          .where("number", "=", number)
          .where("state", "=", "running")
          .executeTakeFirst();
        requireChange(result, number, "a running trial to try again");
      });
    },

    async addStep(step) {
      await write(async (transaction) => {
        await transaction
          .replaceInto("steps")
          .values({
            trial: step.trial,
            attempt: step.attempt,
            step: step.step,
            objective_values: encodeJson(step.values),
            metrics: encodeJson(step.metrics),
          })
          .execute();
      });
    },

    async addElapsed(ms) {
      const elapsedMs = await write(async (transaction) => {
        const row = await transaction
          .updateTable("studies")
          .set((column) => ({ elapsed_ms: column("elapsed_ms", "+", ms) }))
          .returning("elapsed_ms")
          .executeTakeFirstOrThrow();
        return row.elapsed_ms;
      });
      study = { ...study, elapsedMs };
    },

    async updateConfig(config) {
      await write(async (transaction) => {
        await transaction
          .updateTable("studies")
          .set({ config: encodeJson(config) })
          .execute();
      });
      study = { ...study, config };
    },

    async trials() {
      const rows = await read(async () => db.selectFrom("trials").selectAll().orderBy("number").execute());
      return rows.map((row) => toTrial(row, file));
    },

    async trial(number) {
      const row = await read(async () =>
        db.selectFrom("trials").selectAll().where("number", "=", number).executeTakeFirst(),
      );
      return row === undefined ? undefined : toTrial(row, file);
    },

    async steps(trial) {
      const rows = await read(async () => {
        const all = db.selectFrom("steps").selectAll().orderBy("trial").orderBy("attempt").orderBy("step");
        return (trial === undefined ? all : all.where("trial", "=", trial)).execute();
      });
      return rows.map((row) => toStep(row, file));
    },

    async events() {
      const rows = await read(async () =>
        db
          .selectFrom("events")
          .innerJoin("trials", "trials.number", "events.trial")
          .select(["place", "kind", "trial", "proposal", "state", "objective_values", "reason"])
          .orderBy("place")
          .execute(),
      );
      return rows.map((row) => toEvent(row, file));
    },

    async findResult(canonicalId, resultKey) {
      const row = await read(async () =>
        db
          .selectFrom("trials")
          .selectAll()
          .where("canonical_id", "=", canonicalId)
          .where("result_key", "=", resultKey)
          .where("state", "=", "complete")
          .where("duplicate_of", "is", null)
          .orderBy("number")
          .limit(1)
          .executeTakeFirst(),
      );
      return row === undefined ? undefined : toTrial(row, file);
    },

    async putRetrain(record) {
      await write(async (transaction) => {
        await transaction
          .replaceInto("retrains")
          .values({
            trial: record.trial,
            epochs: record.epochs,
            seed: record.seed,
            state: record.state,
            objective_values: record.values === undefined ? null : encodeJson(record.values),
            metrics: encodeJson(record.metrics),
            reason: record.reason ?? null,
          })
          .execute();
      });
    },

    async retrains() {
      const rows = await read(async () =>
        db.selectFrom("retrains").selectAll().orderBy("trial").orderBy("epochs").orderBy("seed").execute(),
      );
      return rows.map((row) => toRetrain(row, file));
    },

    async putBaseline(record) {
      await write(async (transaction) => {
        await transaction
          .replaceInto("meta")
          .values({ key: baselineKey(record), value: encodeJson(record) })
          .execute();
      });
    },

    async baselines() {
      const rows = await read(async () =>
        db.selectFrom("meta").selectAll().where("key", "like", `${BASELINE}%`).orderBy("key").execute(),
      );
      return rows.map((row) => toBaseline(row, file));
    },

    async close() {
      if (closed) return;
      closed = true;
      await close();
    },
  };
}
