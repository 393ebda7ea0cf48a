/** @file A study on data that stands in for what was asked for says so, and never goes on with the other. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { random } from "../../../controllers/index.ts";
import type { Evaluator } from "../../../src/evaluators/evaluator.ts";
import { openStudy } from "../../../src/study/open.ts";
import { complete, fakeExecutor } from "../../support/fake-executor.ts";
import { toySpace } from "../../support/toy-space.ts";

let resultsDir: string;
beforeEach(async () => {
  resultsDir = await mkdtemp(join(tmpdir(), "cellwright-data-"));
});
afterEach(async () => {
  await rm(resultsDir, { recursive: true, force: true });
});

function definition(substitute: string | undefined, trials: number) {
  const evaluator: Evaluator = {
    name: "toy",
    key: "toy",
    measures: ["accuracy"],
    options: {},
    provide: async () => ({
      source: "x",
      ...(substitute !== undefined && { substitute, warning: `WARNING: ${substitute}` }),
    }),
    evaluate: () => Promise.reject(new Error("not called: the executor is a fake")),
  };
  return { name: "s", space: toySpace, controller: random(), evaluator, budget: { trials } };
}

async function run(mode: "create" | "resume", substitute: string | undefined, trials: number) {
  const executor = fakeExecutor(1, (task) => task.end(complete(0.5)));
  const study = await openStudy({ mode, name: "s", resultsDir, executor, definition: definition(substitute, trials) });
  try {
    const notes: string[] = [];
    for await (const event of study.run()) if (event.kind === "note") notes.push(event.message);
    return { notes, facts: study.facts };
  } finally {
    await study.close();
  }
}

it("says so in its facts and once as a warning, also after a resume", async () => {
  const first = await run("create", "synthetic images", 1);
  expect(first).toMatchObject({ notes: ["WARNING: synthetic images"], facts: { substitute: "synthetic images" } });
  expect((await run("resume", "synthetic images", 2)).facts.substitute).toBe("synthetic images");
  await expect(run("resume", undefined, 3)).rejects.toThrow(
    /the data it began on \(synthetic images\)\. Received: "the data set itself"\. Begin a new study/,
  );
});

it("refuses the substitute where the study began on the data itself", async () => {
  expect((await run("create", undefined, 1)).facts.substitute).toBeUndefined();
  await expect(run("resume", "synthetic images", 2)).rejects.toThrow(/Received: "synthetic images"/);
});
