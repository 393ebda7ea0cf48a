/** @file Damage at random: whatever a disk did to the file, opening and reading it either works or says `storage`; the process lives on. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CellwrightError } from "../../../src/base/errors.ts";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { openStorage } from "../../../src/storage/index.ts";

const CASES = 60;
const PAGE = 4096;

async function makeStudy(file: string): Promise<void> {
  const storage = await openStorage(file, {
    create: { name: "cells", config: { a: 1 }, version: "0.1.0", createdMs: 1 },
  });
  for (let number = 0; number < 40; number++) {
    await storage.startTrial({
      number,
      proposal: { genotype: { a: number, b: 2 } },
      canonicalId: `net-${number}`,
      resultKey: "key",
      seed: number,
      attempts: 0,
      startedMs: 1,
    });
    await storage.addStep({ trial: number, attempt: 0, step: 1, values: [0.5], metrics: { filler: "x".repeat(300) } });
    await storage.finishTrial(number, { state: "complete", values: [number], metrics: {} }, { finishedMs: 2 });
  }
  await storage.close();
}

/** One byte, a sector, a whole page, or the end. */
function damage(whole: Buffer, rng: Rng): Buffer {
  const bytes = Buffer.from(whole);
  switch (rng.int(4)) {
    case 0:
      bytes[rng.int(bytes.length)] = rng.int(256);
      return bytes;
    case 1: {
      const at = rng.int(bytes.length - 512);
      for (let i = 0; i < 512; i++) bytes[at + i] = rng.int(256);
      return bytes;
    }
    case 2: {
      const at = PAGE * rng.int(bytes.length / PAGE);
      return bytes.fill(0, at, at + PAGE);
    }
    default:
      return bytes.subarray(0, rng.int(bytes.length));
  }
}

/** What opening and reading everything came to. */
async function lookAt(file: string, readonly: boolean): Promise<"whole" | "refused"> {
  let storage: Awaited<ReturnType<typeof openStorage>> | undefined;
  try {
    storage = await openStorage(file, { readonly });
    await storage.trials();
    await storage.events();
    await storage.steps();
    await storage.retrains();
    await storage.baselines();
    await storage.findResult("net-3", "key");
    return "whole";
  } catch (error) {
    expect(error).toBeInstanceOf(CellwrightError);
    expect(error).toMatchObject({ code: "storage", message: expect.stringContaining(file) });
    expect((error as Error).message).not.toContain("\n");
    return "refused";
  } finally {
    await storage?.close();
  }
}

test("a database damaged at random is read or refused by name", async () => {
  const dir = await mkdtemp(join(tmpdir(), "cellwright-damage-"));
  const file = join(dir, "study.db");
  try {
    await makeStudy(file);
    const whole = await readFile(file);
    const seen: string[] = [];
    for (let i = 0; i < CASES; i++) {
      for (const suffix of ["-wal", "-shm", "-lock", "-journal"]) await rm(`${file}${suffix}`, { force: true });
      await writeFile(file, damage(whole, createRng(`damage/${i}`)));
      for (const readonly of [true, false]) seen.push(await lookAt(file, readonly));
    }
    // Most damage shows; a byte in a number or in free space does not.
    expect(seen.filter((how) => how === "refused").length).toBeGreaterThan(CASES / 2);
    expect(seen).toContain("whole");
  } finally {
    await rm(dir, { recursive: true });
  }
});
