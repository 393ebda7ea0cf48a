/**
 * @file A user's own space, data set and evaluator, written in TypeScript in a project of their own outside this repository: searched
 * in worker processes, pruned, stopped and gone on with.
 */
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StudyEvent } from "../../../src/study/events.ts";
import type { StepRecord, TrialRecord } from "../../../src/storage/storage.ts";
import { importBuilt, root } from "../../support/built.ts";

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "cellwright-user-"));
  await cp(join(root, "test/fixtures/user-project"), project, { recursive: true });
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "stripes", private: true, type: "module" }));
  await mkdir(join(project, "node_modules"));
  await symlink(root, join(project, "node_modules/cellwright"), "dir");
});
afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

interface Result {
  readonly events: readonly StudyEvent[];
  readonly trials: readonly TrialRecord[];
  readonly steps: readonly StepRecord[];
}

/** Runs or resumes a study to its end, or until `stopAfter` trials have finished. */
async function search(
  mode: "create" | "resume",
  options: { file?: string; export?: string; name: string; results: string; stopAfter?: number },
): Promise<Result> {
  const { openStudy, studyReference } = await importBuilt();
  const study = await openStudy({
    mode,
    name: options.name,
    resultsDir: join(project, options.results),
    ...(options.file && { reference: studyReference(join(project, options.file), {}, options.export) }),
  });
  try {
    const stop = new AbortController();
    const events: StudyEvent[] = [];
    let finished = 0;
    for await (const event of study.run({ signal: stop.signal })) {
      events.push(event);
      if (event.kind === "trial-finished" && ++finished === options.stopAfter) stop.abort();
    }
    return { events, trials: await study.storage.trials(), steps: await study.storage.steps() };
  } finally {
    await study.close();
  }
}

const finishedNumbers = (events: readonly StudyEvent[]): readonly number[] =>
  events.flatMap((event) => (event.kind === "trial-finished" ? [event.trial.number] : []));

test("the user's space, data and evaluator run in worker processes, and the pruner stops the weak", async () => {
  const { trials, steps } = await search("create", { file: "study.config.ts", name: "stripes", results: "whole" });
  expect(trials).toHaveLength(24);
  const measured = trials.filter((trial) => trial.duplicateOf === undefined);
  expect(measured.map((trial) => trial.reason).filter(Boolean)).toEqual([]);

  // Each worker loaded the user's files and drew the user's data itself.
  const pids = new Set(measured.map((trial) => trial.metrics["pid"]));
  expect(pids.size).toBe(2);
  expect(pids).not.toContain(process.pid);
  for (const { metrics } of measured) expect(metrics["source"]).toBe(`drawn in process ${metrics["pid"]}`);

  const pruned = measured.filter((trial) => trial.state === "pruned");
  const complete = measured.filter((trial) => trial.state === "complete");
  expect(pruned.length).toBeGreaterThan(0);
  expect(complete.length).toBeGreaterThanOrEqual(4);
  const stepsOf = (trial: TrialRecord): readonly StepRecord[] => steps.filter((step) => step.trial === trial.number);
  for (const trial of complete) expect(stepsOf(trial).map((step) => step.step)).toEqual([1, 2, 3, 4, 5]);
  for (const trial of pruned) {
    const reported = stepsOf(trial);
    expect(reported.length).toBeGreaterThan(1);
    expect(reported.length).toBeLessThanOrEqual(5);
    expect(trial.values).toEqual(reported.at(-1)?.values);
    expect(trial.metrics["images"]).toBe((120 * reported.length) / 5);
  }
  expect(pruned.some((trial) => stepsOf(trial).length < 5)).toBe(true);
  // The measure is the user's: one random filter tells three directions of stripes apart less well than the best candidate does.
  const best = Math.max(...complete.map((trial) => trial.values?.[0] ?? 0));
  const accuracies = pruned.map((trial) => trial.values?.[0] ?? 1);
  expect(Math.min(...accuracies)).toBeLessThan(best);
});

test("stopped on the way and resumed from its stored reference, it proposes what it would have, and runs nothing twice", async () => {
  const whole = await search("create", { file: "study.config.ts", name: "stripes", results: "uninterrupted" });
  const first = await search("create", { file: "study.config.ts", name: "stripes", results: "stopped", stopAfter: 5 });
  const done = first.trials.filter((trial) => trial.state !== "running");
  expect(done.length).toBeGreaterThanOrEqual(5);
  expect(done.length).toBeLessThan(24);
  expect(first.events.at(-1)).toMatchObject({ kind: "study-finished", reason: "interrupt" });

  const second = await search("resume", { name: "stripes", results: "stopped" });
  expect(second.trials).toHaveLength(24);
  expect(second.trials.map((trial) => trial.proposal)).toEqual(whole.trials.map((trial) => trial.proposal));
  expect(second.trials.map((trial) => trial.seed)).toEqual(whole.trials.map((trial) => trial.seed));
  const again = new Set(finishedNumbers(second.events));
  for (const trial of done) {
    expect(again).not.toContain(trial.number);
    expect(second.trials[trial.number]).toEqual(trial);
  }
  // The evaluator's values follow from the network alone, so whichever worker measured it, a complete trial has the same one.
  for (const [i, trial] of second.trials.entries())
    if (trial.state === "complete" && whole.trials[i]?.state === "complete")
      expect(trial.values).toEqual(whole.trials[i].values);
});

test("the user's space and data train under our trainer, by a named export, and the best is retrained", async () => {
  const options = { file: "trained.config.ts", export: "study", name: "trained", results: "trained" };
  const { trials, steps } = await search("create", options);
  expect(trials.map((trial) => [trial.state, trial.reason])).toEqual(
    Array.from({ length: 4 }, () => ["complete", undefined]),
  );
  for (const trial of trials.filter(({ duplicateOf }) => duplicateOf === undefined)) {
    const epochs = steps.filter((step) => step.trial === trial.number);
    expect(epochs.map((step) => step.step)).toEqual([1, 2]);
    expect(trial.metrics.imagesTrained).toBe(240);
    expect(trial.metrics.engine).toMatch(/reference/);
    expect(trial.values?.[0]).toBe(trial.metrics.accuracy);
    expectShareOfSixty(trial.values?.[0]);
  }

  const { openStudy } = await importBuilt();
  const study = await openStudy({ mode: "resume", name: options.name, resultsDir: join(project, options.results) });
  try {
    const epochs: number[] = [];
    for await (const event of study.retrain()) if (event.kind === "retrain-step") epochs.push(event.epoch);
    expect(epochs).toEqual([1, 2, 3]);
    const [record, ...others] = await study.storage.retrains();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ state: "complete", epochs: 3 });
    expectShareOfSixty(record?.values?.[0]);
    const best = Math.max(...trials.map((trial) => trial.values?.[0] ?? 0));
    expect(trials.find((trial) => trial.number === record?.trial)?.values?.[0]).toBe(best);
  } finally {
    await study.close();
  }
});

/** Measured on the sixty images of the user's validation split, so a whole number of sixtieths. */
function expectShareOfSixty(accuracy: number | undefined): void {
  const right = (accuracy ?? Number.NaN) * 60;
  // A product of doubles below 100: off by less than 1e-12 where it should be whole.
  expect(Math.abs(right - Math.round(right))).toBeLessThan(1e-9);
}
