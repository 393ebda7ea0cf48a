/**
 * @file A process that writes to a study without end, for the test that kills it at random moments. Continues where the file stands;
 * prints a line after each method that has resolved: what was promised must be there afterwards.
 */
import { writeSync } from "node:fs";
import { openStorage } from "../../../dist/src/storage/index.js";

const file = process.argv[2];
const create = { name: "cells", config: {}, version: "0.1.0", createdMs: 1 };
const storage = await openStorage(file).catch(async () => openStorage(file, { create }));
// Not console.log: what is said must be out before the next method begins.
const say = (number, what) => writeSync(1, `${number} ${what}\n`);
const trials = await storage.trials();
for (let number = trials.length; ; number++) {
  for (const running of (await storage.trials()).filter(({ state }) => state === "running"))
    await finish(running.number);
  await storage.startTrial({
    number,
    proposal: { genotype: { a: number } },
    canonicalId: `net-${number}`,
    resultKey: "key",
    seed: number,
    attempts: 1,
    startedMs: number,
  });
  say(number, "started");
  await finish(number);
}

async function finish(number) {
  for (let step = 1; step <= 3; step++)
    await storage.addStep({ trial: number, attempt: 0, step, values: [step], metrics: { loss: 1 / step } });
  await storage.addElapsed(1);
  await storage.finishTrial(
    number,
    { state: "complete", values: [number], metrics: { filler: "x".repeat(2000) } },
    { finishedMs: number },
  );
  say(number, "finished");
}
