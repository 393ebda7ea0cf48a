/** @file `kill -9` of a writer at random moments: the database opens at once, every promised method is there, and every one is whole. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { openStorage } from "../../../src/storage/index.ts";

const WRITER = fileURLToPath(new URL("writer.mjs", import.meta.url));
const KILLS = 20;

test("a writer killed at 20 random moments", async () => {
  const dir = await mkdtemp(join(tmpdir(), "cellwright-kill-"));
  const file = join(dir, "study.db");
  const rng = createRng("kills");
  let finishedBefore = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const writer = spawn(process.execPath, [WRITER, file], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(writer, "exit");
    let said = "";
    writer.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    // The first sign of life, so that every round kills in the midst of writing, and then a random moment.
    await once(writer.stdout, "data");
    await sleep(rng.int(60));
    if (kill % 5 === 0) await expect(openStorage(file)).rejects.toThrow(`one run by process ${writer.pid} on `);
    writer.kill("SIGKILL");
    await exited;

    // The lock of the dead is no obstacle.
    const storage = await openStorage(file);
    const trials = await storage.trials();
    const events = await storage.events();
    const steps = await storage.steps();
    for (const line of said.split("\n").slice(0, -1)) {
      const [number, what] = line.split(" ");
      const trial = trials[Number(number)];
      expect([line, trial?.number, what === "started" || trial?.state === "complete"]).toEqual([
        line,
        Number(number),
        true,
      ]);
    }
    // Whole: a trial with its started event, an outcome with its finished event and all that came before it.
    const count = (kind: string): number => events.filter((event) => event.kind === kind).length;
    const finished = trials.filter(({ state }) => state === "complete");
    expect(count("started")).toBe(trials.length);
    expect(count("finished")).toBe(finished.length);
    expect(trials.length - finished.length).toBeLessThanOrEqual(1);
    for (const { number, values } of finished) {
      expect(values).toEqual([number]);
      expect(steps.filter(({ trial }) => trial === number).length).toBe(3);
    }
    // Each finished trial had added 1; at most one more had begun to finish.
    expect(storage.study.elapsedMs - finished.length).toBeGreaterThanOrEqual(0);
    expect(finished.length).toBeGreaterThanOrEqual(finishedBefore);
    finishedBefore = finished.length;
    await storage.close();
  }
  expect(finishedBefore).toBeGreaterThan(KILLS);
  await rm(dir, { recursive: true });
});

test("a writer killed while it makes the study leaves nothing, or all of it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "cellwright-kill-"));
  for (let kill = 0; kill < 8; kill++) {
    const file = join(dir, String(kill), "study.db");
    const writer = spawn(process.execPath, [WRITER, file], { stdio: ["ignore", "ignore", "inherit"] });
    const exited = once(writer, "exit");
    // As soon as anything is there: the file is made first, its tables after that.
    while (!existsSync(file)) await sleep(1);
    writer.kill("SIGKILL");
    await exited;
    const create = { name: "again", config: {}, version: "0.1.0", createdMs: 1 };
    const storage = await openStorage(file, { create }).catch(async () => openStorage(file));
    expect(["cells", "again"]).toContain(storage.study.name);
    const started = (await storage.events()).filter(({ kind }) => kind === "started");
    expect(started).toHaveLength((await storage.trials()).length);
    await storage.close();
  }
  await rm(dir, { recursive: true });
});

test("a reader beside a writer in another process sees whole transactions", async () => {
  const dir = await mkdtemp(join(tmpdir(), "cellwright-kill-"));
  const file = join(dir, "study.db");
  const writer = spawn(process.execPath, [WRITER, file], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(writer, "exit");
  await once(writer.stdout, "data");
  const reader = await openStorage(file, { readonly: true });
  let seen = 0;
  // Until it has seen the study grow.
  while (seen < 10) {
    const events = await reader.events();
    const trials = await reader.trials();
    expect(trials.length).toBeGreaterThanOrEqual(events.filter(({ kind }) => kind === "started").length);
    seen = trials.length;
  }
  await reader.close();
  writer.kill("SIGKILL");
  await exited;
  await rm(dir, { recursive: true });
});
