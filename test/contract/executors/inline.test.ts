/** @file The inline executor keeps the executors' contract. */
import { expect, test } from "vitest";
import type { CreateRunner, Runner } from "../../../src/executors/executor.ts";
import { openInlineExecutor } from "../../../src/executors/index.ts";
import { describeExecutor } from "../../support/executor-suite.ts";
// @ts-expect-error JavaScript without types: workers load it as it is.
import { createRunner } from "../../support/scripted-runner.mjs";

describeExecutor("inline", async (workers) =>
  openInlineExecutor(await (createRunner as CreateRunner)(null, { index: 0 }), { concurrency: workers }),
);

test("closing closes the runner, once", async () => {
  let closed = 0;
  const runner: Runner = {
    run: async () => ({ state: "complete", values: [], metrics: {} }),
    close: async () => {
      closed++;
    },
  };
  const executor = openInlineExecutor(runner);
  await executor.close();
  await executor.close();
  expect(closed).toBe(1);
});

test("a concurrency below 1 is refused", () => {
  const runner: Runner = { run: async () => ({ state: "complete", values: [], metrics: {} }) };
  expect(() => openInlineExecutor(runner, { concurrency: 0 })).toThrow(
    "concurrency  Expected a whole number of 1 or more. Received: 0.",
  );
});
