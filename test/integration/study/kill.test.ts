/**
 * @file `kill -9` of the parent or of a worker at any moment, then resume: no finished trial is lost, none runs twice, and with one
 * worker the proposals are those of a study that was never interrupted.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { TrialRecord } from "../../../src/storage/storage.ts";
import type { StudyDefinition } from "../../../src/study/definition.ts";
import { builtPath, importBuilt, root } from "../../support/built.ts";

const module = join(root, "test/fixtures/toy-study.ts");
const runner = join(root, "test/fixtures/run-toy.mjs");
const KILLS = 20;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cellwright-kill-"));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

interface Kill {
  /** After this many lines of the process's output … */
  readonly afterLines: number;
  /** … and this long. */
  readonly delayMs: number;
  readonly what: "parent" | "worker";
}

/** Runs the study in a process, with kills on the way; without a kill of the parent it runs to its end. */
async function run(
  resultsDir: string,
  workers: number,
  kills: readonly Kill[] = [],
): Promise<{ text: string; killed: number }> {
  const child = spawn(process.execPath, [runner, builtPath("src/index.js"), resultsDir, module, String(workers)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TOY_MS: "10" },
  });
  const due = [...kills];
  let text = "";
  let lines = 0;
  let killed = 0;
  let pids: number[] = [];
  const fire = (kill: Kill): void => {
    const target = kill.what === "parent" ? child.pid : pids.at(-1);
    try {
      if (target !== undefined && process.kill(target, "SIGKILL")) killed++;
    } catch {
      // It ended by itself in the meantime.
    }
  };
  child.stderr.on("data", (data: Buffer) => (text += data.toString()));
  child.stdout.on("data", (data: Buffer) => {
    for (const line of data.toString().split("\n").filter(Boolean)) {
      text += `${line}\n`;
      lines++;
      if (line.startsWith("children ")) pids = line.split(" ").slice(1).map(Number);
      while (due[0] !== undefined && lines >= due[0].afterLines) {
        const kill = due.shift() as Kill;
        setTimeout(fire, kill.delayMs, kill);
      }
    }
  });
  await new Promise((resolve) => child.on("close", resolve));
  return { text, killed };
}

async function readStudy(resultsDir: string) {
  const { openStudy } = await importBuilt();
  const study = await openStudy({ mode: "read", name: "toy", resultsDir });
  const result = {
    trials: await study.storage.trials(),
    events: await study.storage.events(),
    definition: study.definition,
  };
  await study.close();
  return result;
}

/** What must not depend on interruptions: who was proposed, and what came out. */
function essence(trials: readonly TrialRecord[]) {
  return trials.map(({ number, proposal, state, values, duplicateOf, seed }) => ({
    number,
    proposal,
    state,
    values,
    duplicateOf,
    seed,
  }));
}

async function expectWhole(resultsDir: string): Promise<void> {
  const { trials, events, definition } = await readStudy(resultsDir);
  expect(trials.map((trial) => trial.number)).toEqual(Array.from({ length: 40 }, (_, index) => index));
  expect(trials.filter((trial) => trial.state === "running")).toEqual([]);
  for (const trial of trials) {
    const own = events.filter(
      (event) => (event.kind === "started" ? event.number : event.trial.number) === trial.number,
    );
    expect(own.map((event) => event.kind)).toEqual(["started", "finished"]);
  }
  await expectReplay(definition, events);
}

/** Law 2: a controller made anew and told the stored events proposes, at each place, what was proposed. */
async function expectReplay(
  definition: StudyDefinition,
  events: Awaited<ReturnType<typeof readStudy>>["events"],
): Promise<void> {
  const controller = definition.controller.create({
    space: definition.space,
    rng: createRng(String(definition.seed)).fork("controller"),
    objectives: [{ name: "accuracy", direction: "maximize" }],
  });
  for (const event of events) {
    if (event.kind === "started") expect(controller.ask(event.number)).toEqual(event.proposal);
    controller.tell(event);
  }
}

const END = /^end$/m;

describe("kill -9", () => {
  it("of the worker and then the parent, 20 kills at random moments, one worker: as if nothing had happened", async () => {
    const calm = join(dir, "calm");
    expect((await run(calm, 1)).text).toMatch(END);
    const expected = essence((await readStudy(calm)).trials);
    expect(expected).toHaveLength(40);

    const rng = createRng("kill-one");
    const rough = join(dir, "rough");
    let killed = 0;
    while (killed < KILLS) {
      const worker = 1 + rng.int(2);
      const plan: Kill[] = [
        { afterLines: worker, delayMs: rng.int(30), what: "worker" },
        { afterLines: worker + 1 + rng.int(2), delayMs: rng.int(40), what: "parent" },
      ];
      const result = await run(rough, 1, plan);
      expect(result.text).not.toMatch(END);
      expect(result.killed).toBeGreaterThan(0);
      killed += result.killed;
    }
    expect((await run(rough, 1)).text).toMatch(END);
    await expectWhole(rough);
    expect(essence((await readStudy(rough)).trials)).toEqual(expected);
  });

  it("with two workers: no finished trial lost, none twice, every proposal follows from the stored events", async () => {
    const rng = createRng("kill-two");
    const rough = join(dir, "two");
    let finished = new Map<number, string>();
    for (let round = 0; round < 5; round++) {
      const result = await run(rough, 2, [{ afterLines: 2 + rng.int(6), delayMs: rng.int(40), what: "parent" }]);
      expect(result.killed).toBe(1);
      const now = new Map(
        (await readStudy(rough)).trials
          .filter((trial) => trial.state !== "running")
          .map((trial) => [trial.number, JSON.stringify(trial)]),
      );
      for (const [number, record] of finished) expect(now.get(number)).toBe(record);
      finished = now;
    }
    expect((await run(rough, 2)).text).toMatch(END);
    await expectWhole(rough);
  });
});
