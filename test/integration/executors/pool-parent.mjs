/**
 * @file A process with a pool, for the tests that kill it. Runs one task per deed, prints the workers' pids when all have reported, then waits.
 * SIGUSR2: exits without closing. SIGTERM: cancels softly (a worker that lives completes its task) and prints how the tasks ended.
 */
import { openProcessPool } from "../../../dist/src/executors/index.js";

const deeds = process.argv.slice(2);
const pool = await openProcessPool({
  slots: deeds.map((_, index) => ({ index })),
  runnerModule: new URL("../../support/scripted-runner.mjs", import.meta.url).href,
  init: null,
  hangMs: 2000,
});
let attempts = 0;
const pids = [];
const running = [];
await Promise.all(
  deeds.map(
    (deed, trial) =>
      new Promise((resolve) => {
        running.push(
          pool.run(
            {
              trial,
              attempt: 0,
              phase: "search",
              genotype: {},
              skeleton: {},
              recipe: { do: deed, end: "complete" },
              seed: 0,
              limits: {},
            },
            {
              started: () => attempts++,
              report: ({ metrics }) => {
                pids[trial] = metrics.pid;
                resolve();
                return "continue";
              },
              heartbeat: () => {},
            },
          ),
        );
      }),
  ),
);
process.on("SIGUSR2", () => process.exit(0));
process.on("SIGTERM", async () => {
  for (const task of running) task.cancel("soft");
  const ends = await Promise.all(running.map(({ outcome }) => outcome));
  await pool.close();
  console.log(JSON.stringify({ attempts, states: ends.map((end) => end.state ?? end) }));
  process.exit(0);
});
console.log(JSON.stringify(pids));
