/** @file The database of a training run: kept, read while it is written, told from a study's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openConnection } from "../../../src/storage/connection.ts";
import { openStorage } from "../../../src/storage/index.ts";
import { holdsTraining, openTrainingStorage } from "../../../src/storage/training-storage.ts";

const dir = mkdtempSync(join(tmpdir(), "cellwright-training-db-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const create = { name: "lenet", createdMs: 5, config: { epochs: 3 }, version: "0.1.0" };

describe("a training run's database", () => {
  it("keeps what it is given, and replaces what is trained again", () => {
    const file = join(dir, "a", "training.db");
    const storage = openTrainingStorage(file, { create });
    storage.putEpoch(1, { accuracy: 0.5 });
    storage.putEpoch(2, { accuracy: 0.6, loss: Number.NaN });
    storage.putEpoch(1, { accuracy: 0.75 });
    storage.putSteps([
      { step: 0, figures: { loss: 2 } },
      { step: 5, figures: { loss: 1 } },
    ]);
    storage.putSteps([{ step: 5, figures: { loss: 0.5 } }]);
    storage.addElapsed(10);
    storage.addElapsed(2.5);
    storage.close();
    storage.close();

    const again = openTrainingStorage(file);
    expect(again.run).toEqual({ ...create, elapsedMs: 12.5 });
    expect(again.epochs()).toEqual([
      { epoch: 1, figures: { accuracy: 0.75 } },
      { epoch: 2, figures: { accuracy: 0.6, loss: Number.NaN } },
    ]);
    expect(again.steps().map(({ figures }) => figures["loss"])).toEqual([2, 0.5]);
    again.putResult({ accuracy: 0.9 });
    // Others look on meanwhile; a second writer is refused, the first named.
    const reader = openTrainingStorage(file, { readonly: true });
    expect(reader.run.result).toEqual({ accuracy: 0.9 });
    expect(() => reader.putEpoch(3, {})).toThrow("Expected a training run open for writing.");
    reader.close();
    expect(() => openTrainingStorage(file)).toThrow(
      new RegExp(`Expected a training run that no other process runs. Received: one run by process ${process.pid} `),
    );
    again.close();
  });

  it("says what a file is that is none", async () => {
    const file = join(dir, "b", "training.db");
    openTrainingStorage(file, { create }).close();
    expect(() => openTrainingStorage(file, { create })).toThrow("Expected a place without a training run.");
    await expect(openStorage(file)).rejects.toThrow(
      'Expected a study database. Received: "a database of another program".',
    );
    const study = join(dir, "study.db");
    await (await openStorage(study, { create: { ...create, name: "s" } })).close();
    expect(() => openTrainingStorage(study)).toThrow("Expected the database of a training run.");
    expect(() => openTrainingStorage(join(dir, "none.db"))).toThrow("no such file");
  });

  it("that a kill left empty holds no run, and is made anew", () => {
    const file = join(dir, "empty.db");
    openConnection(file, { create: true, readonly: false }).close();
    expect(holdsTraining(file)).toBe(false);
    expect(() => openTrainingStorage(file)).toThrow("Its making was cut short");
    openTrainingStorage(file, { create }).close();
    expect(holdsTraining(file)).toBe(true);
    expect(holdsTraining(join(dir, "none.db"))).toBe(false);
  });
});
